"""The steps of a federated mixture once every column's bins are known: axes, strata, rounds of learning, edges."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from cohortium.errors import NotApplicable, ProtocolViolation
from cohortium.numerics.gaussian_mixture import Mixture, Shrinkage
from cohortium.numerics.keyed_draws import chosen_rows
from cohortium.numerics.normal_scores import normal_cdf
from cohortium.records import Schema, State, Sums, Table, schema_from_plain
from cohortium.synthesise.federated import stored
from cohortium.synthesise.federated.latent_rounds import (
    FEW_SWEEPS,
    SWEEPS,
    HomedMixture,
    SiteScores,
    flat,
    moments_in,
    unflat,
)
from cohortium.synthesise.federated.mixture_sizes import (
    Candidate,
    candidates_of,
    chosen_size,
    next_mixture,
    spread_out,
)
from cohortium.synthesise.protocol import Parts
from cohortium.synthesise.tables.copula_mixture import FittedCopulaMixture, notes_of
from cohortium.synthesise.tables.latent_space import LatentSpace
from cohortium.synthesise.tables.marginal_codec import edges_of
from cohortium.synthesise.tables.row_maker import RowMaker
from cohortium.synthesise.tables.stratum import Stratum
from cohortium.synthesise.tables.stratum_learning import (
    CAUTIOUS_BELOW,
    FIRST,
    GROUP,
    RIDGE,
    SHARED,
    expected_shares,
    pooled,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

FIRST_ROUNDS, SIZE_ROUNDS = 8, 10
WANDER, SETTLE = 12, 12
"""Rounds in which the newest draw alone counts, then rounds that are averaged."""
ENOUGH = 4_000
"""So many rows of a stratum are enough to compare sizes; a third of them is held out."""


@dataclass(frozen=True, slots=True)
class MixtureSteps:
    """What the steps share, read from a state.

    numbers : stratum of each cell of the column ``by``, missing first; used : axes on which the mixture is learnt.
    """

    state: State
    schema: Schema
    maker: RowMaker
    space: LatentSpace
    by: str
    numbers: Integers
    used: Integers
    seed: int

    @classmethod
    def of(cls, state: State, seed: int) -> Self:
        """As a state holds it."""
        schema, facts = schema_from_plain(state.facts["schema"]), state.facts
        maker = RowMaker.from_parts(schema, Parts(facts["maker"], stored.got("maker", state.arrays)))
        space = LatentSpace.from_facts(maker.marginals, facts["axes"])
        used = np.array(facts.get("used", []), np.int64)
        return cls(state, schema, maker, space, facts["by"], np.array(facts["numbers"], np.int64), used, seed)

    @property
    def strata(self) -> int:
        """How many strata there are."""
        return int(self.numbers.max(initial=0)) + 1

    @property
    def persons(self) -> Integers:
        """Persons of each stratum."""
        return np.array(self.state.facts["held"], np.int64)

    def sums(self, records: Table) -> dict[str, Any]:
        """What a site's rows say to this step."""
        strata, cells = self._strata_of(records), self.space.cells(records)
        if self.state.step == "masses":
            return {"held": np.bincount(strata, minlength=self.strata), "masses": self._masses(cells, strata)}
        scores = SiteScores.of(records, self.space, cells, self.used, strata, self.seed)
        if self.state.step in ("sizes", "compare"):
            return self._size_sums(scores)
        model, key = self._model(), int(self.state.facts["round"])
        z = scores.drawn(model, key, FEW_SWEEPS if self.state.step == "first" else SWEEPS)
        if self.state.step == "edges":
            for dimension, place in enumerate(self.used.tolist()):  # unknown values count where they were drawn last
                ends = self.space.axes[place].edges[1:-1]
                drawn = np.searchsorted(ends, normal_cdf(z[:, dimension]), side="right")
                modelled = self._modelled()[strata, place]
                cells[:, place] = np.where(modelled & (cells[:, place] < 0), drawn, cells[:, place])
            return {"masses": self._masses(cells, strata)}
        return {"moments": flat(moments_in(z, strata, model, self.strata))}

    def next(self, total: Sums) -> State | FittedCopulaMixture:
        """The step after this one, or the model."""
        match self.state.step:
            case "masses":
                return self._modelling(total)
            case "begin":
                return self._begun(total)
            case "first" | "final":
                return self._round(total)
            case "sizes":
                return self._sized_round(total)
            case "compare":
                return self._compared(total)
        return self._fitted(total)

    def _strata_of(self, records: Table) -> Integers:
        marginal = next((own for own in self.maker.marginals if own.column.name == self.by), None)
        if marginal is None:
            return np.zeros(len(records), np.int64)
        return self.numbers[marginal.cells(marginal.read(records)) + 1]

    def _masses(self, cells: Integers, strata: Integers) -> Integers:
        """Rows by axis, stratum and cell, one after the other."""
        parts = [np.zeros(0, np.int64)]
        for number, axis in enumerate(self.space.axes):
            known, size = cells[:, number] >= 0, len(axis.edges) - 1
            place = strata[known] * size + cells[known, number]
            parts.append(np.bincount(place, minlength=self.strata * size))
        return np.concatenate(parts).astype(np.int64)

    def _by_axis(self, joined: Integers) -> list[Integers]:
        sizes = [len(axis.edges) - 1 for axis in self.space.axes]
        parts = np.split(joined, np.cumsum([self.strata * size for size in sizes])[:-1]) if sizes else []
        return [part.reshape(self.strata, size) for part, size in zip(parts, sizes, strict=True)]

    def _modelled(self) -> NDArray[np.bool_]:
        return np.array(self.state.facts["modelled"], np.bool_).reshape(self.strata, len(self.space.axes))

    def _modelling(self, total: Sums) -> State:
        """Which axes each stratum has enough persons for."""
        least = int(self.state.facts["least"])
        modelled = np.zeros((self.strata, len(self.space.axes)), np.bool_)
        for number, mass in enumerate(self._by_axis(total["masses"])):
            wide = self.space.wide(self.space.axes[number])
            for stratum, own in enumerate(mass):
                differ = bool(wide[own.argmax()]) or own.sum() - own.max() >= least
                modelled[stratum, number] = own.sum() >= least and differ
        used = np.flatnonzero(modelled.any(axis=0))
        if not len(used):
            raise NotApplicable("No column varies among enough persons for a mixture. Use independent columns.")
        facts = {"modelled": modelled.tolist(), "used": used.tolist(), "held": total["held"].tolist(), "round": 0}
        return State("begin", {**self.state.facts, **facts}, self.state.arrays)

    # ---- learning ---------------------------------------------------------------------------------------------

    def _caution(self) -> float:
        return len(self.used) * max(1.0, CAUTIOUS_BELOW / float(self.persons.sum()))

    def _shrinkage(self, shared: float | None = None) -> Shrinkage:
        return Shrinkage(SHARED[0] * self._caution() if shared is None else shared, to_diagonal=True, ridge=RIDGE)

    def _rng(self, which: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, which])

    def _model(self) -> HomedMixture | None:
        own = stored.got("mixture", self.state.arrays)
        return HomedMixture(Mixture(own["weights"], own["means"], own["covariances"]), own["home"]) if own else None

    def _learnt(self) -> HomedMixture:
        model = self._model()
        if model is None:
            raise ProtocolViolation(f"A state of step '{self.state.step}' must hold a mixture; this one holds none.")
        return model

    def _with(self, step: str, model: HomedMixture, number: int, **arrays: Floats) -> State:
        """The state with this mixture; the key of the draws counts on, so that no two rounds draw alike."""
        kept = {
            name: own
            for name, own in self.state.arrays.items()
            if not name.startswith("mixture.") and name not in ("averaged", *arrays)
        }
        mixture = {"weights": model.mixture.weights, "means": model.mixture.means, "home": model.home}
        kept |= stored.put("mixture", {**mixture, "covariances": model.mixture.covariances})
        return State(step, {**self.state.facts, "round": number}, kept | arrays)

    def _begun(self, total: Sums) -> State:
        first = np.clip(self.persons // FIRST[0], 1, FIRST[1]).astype(np.int64)
        whole = unflat(total["moments"], self.strata, len(self.used))
        return self._with("first", spread_out(whole, first, self._shrinkage(), self._rng(0)), 1)

    def _round(self, total: Sums) -> State:
        model, number = self._learnt(), int(self.state.facts["round"])
        final, first = self.state.step == "final", int(self.state.facts.get("began", 0))
        shared = self.state.facts["shared"] if final else None
        moments = unflat(total["moments"], len(model.home), len(self.used))
        settled = number - first - WANDER
        if final and settled > 1 and "averaged" in self.state.arrays:
            before = unflat(self.state.arrays["averaged"], len(model.home), len(self.used))
            moments = before.towards(moments, 1.0 / settled)
        least = float(self.state.facts["component"])
        after, lost = next_mixture(model, moments, self._shrinkage(shared), least)
        if number - first >= (WANDER + SETTLE if final else FIRST_ROUNDS):
            return self._with("edges", after, number + 1) if final else self._sizes(after, number + 1)
        averaged = {"averaged": flat(moments)} if final and settled > 0 and not lost else {}
        return self._with(self.state.step, after, number + 1, **averaged)

    # ---- choosing a size --------------------------------------------------------------------------------------

    def _most(self) -> Integers:
        return np.maximum(1, self.persons // (2 * int(self.state.facts["component"])))

    def _candidates(self) -> list[Candidate]:
        return candidates_of([share * self._caution() for share in SHARED], int(self._most().max()))

    def _sizes(self, model: HomedMixture, number: int) -> State:
        """Candidates, each begun around records drawn from the first mixture's strata."""
        state = self._with("sizes", model, number, fresh=np.ones(1))
        return replace(state, facts={**state.facts, "tries": 0})

    def _tried(self, place: int) -> HomedMixture:
        own = stored.got(f"try.{place:03d}", self.state.arrays)
        return HomedMixture(Mixture(own["weights"], own["means"], own["covariances"]), own["home"])

    def _size_sums(self, scores: SiteScores) -> dict[str, Any]:
        """Moments of the rows that candidates learn from, or log densities of those that were held out."""
        share = np.minimum(1.0, ENOUGH / np.maximum(self.persons, 1))[scores.strata]
        enough = np.zeros(len(scores.words), np.bool_)
        for value in np.unique(share).tolist():
            enough |= chosen_rows(scores.words, 1, value) & (share == value)
        held_out = chosen_rows(scores.words, 2, 1.0 / 3.0)
        learns = self.state.step == "sizes"
        part = scores.part(enough & (held_out != learns))
        z = part.drawn(self._model(), int(self.state.facts["round"]), SWEEPS)
        number = len(self._candidates())
        if learns and not self.state.facts["tries"]:
            return {"moments": flat(moments_in(z, part.strata, None, self.strata))}
        models = [self._tried(place) for place in range(number)]
        if learns:
            return {"moments": np.concatenate([flat(moments_in(z, part.strata, own, self.strata)) for own in models])}
        density = np.stack([own.shares(z, part.strata)[0] for own in models], axis=1)
        members = [part.strata == stratum for stratum in range(self.strata)]
        return {
            "rows_held_out": np.array([int(own.sum()) for own in members]),
            "densities": np.stack([density[own].sum(axis=0) for own in members]),
            "products": np.stack([density[own].T @ density[own] for own in members]),
        }

    def _sized_round(self, total: Sums) -> State:
        candidates, axes, tries = self._candidates(), len(self.used), int(self.state.facts["tries"])
        arrays: dict[str, NDArray[Any]] = {n: a for n, a in self.state.arrays.items() if not n.startswith("try.")}
        begin = 0
        for place, candidate in enumerate(candidates):
            shrinkage = self._shrinkage(candidate.shared)
            if not tries:
                components = np.minimum(candidate.components, self._most())
                whole = unflat(total["moments"], self.strata, axes)
                model = spread_out(whole, components, shrinkage, self._rng(1 + place))
            else:
                old = self._tried(place)
                size = len(old.home) * (1 + axes + axes * axes)
                moments = unflat(total["moments"][begin : begin + size], len(old.home), axes)
                begin += size
                model, _ = next_mixture(old, moments, shrinkage, 0.0)
            own = {"weights": model.mixture.weights, "means": model.mixture.means, "home": model.home}
            arrays |= stored.put(f"try.{place:03d}", {**own, "covariances": model.mixture.covariances})
        step = "sizes" if tries < SIZE_ROUNDS else "compare"
        return State(step, {**self.state.facts, "tries": tries + 1}, arrays)

    def _compared(self, total: Sums) -> State:
        sizes = chosen_size(
            self._candidates(), total["rows_held_out"], total["densities"], total["products"], self._most()
        )
        model, number = self._learnt(), int(self.state.facts["round"])
        whole = unflat(self._whole(model), self.strata, len(self.used))
        begun = spread_out(whole, sizes[0], self._shrinkage(sizes[1]), self._rng(1_000))
        kept = {name: own for name, own in self.state.arrays.items() if not name.startswith("try.")}
        facts = {**self.state.facts, "shared": sizes[1], "began": number + 1}
        return replace(self, state=State("final", facts, kept))._with("final", begun, number + 1)

    def _whole(self, model: HomedMixture) -> Floats:
        """Moments of each stratum as the mixture has them."""
        weight = model.mixture.weights * float(self.persons.sum())
        means, spread = model.mixture.means, model.mixture.covariances
        products = weight[:, None, None] * (spread + means[:, :, None] * means[:, None, :])
        member = np.eye(self.strata)[model.home].T
        parts = (member @ weight, member @ (weight[:, None] * means), np.tensordot(member, products, axes=1))
        return np.concatenate([part.ravel() for part in parts])

    # ---- the model --------------------------------------------------------------------------------------------

    def _fitted(self, total: Sums) -> FittedCopulaMixture:
        model, modelled, held = self._learnt(), self._modelled(), self.persons
        masses, least = self._by_axis(total["masses"]), int(self.state.facts["least"])
        answer = []
        for stratum in range(self.strata):
            own = model.home == stratum
            weight = model.mixture.weights[own]
            part = Mixture(weight / weight.sum(), model.mixture.means[own], model.mixture.covariances[own])
            places = np.full(len(self.space.axes), -1)
            places[self.used] = np.where(modelled[stratum, self.used], np.arange(len(self.used)), -1)
            group, edges = max(least, GROUP * float(held[stratum]) ** 0.5), []
            for number, axis in enumerate(self.space.axes):
                mass = masses[number][stratum].astype(np.float64)
                expected = expected_shares(part, int(places[number]), axis)
                if not mass.any():
                    edges.append(axis.edges)
                else:
                    edges.append(edges_of(pooled(mass, expected, group) if self.space.is_number(axis) else mass))
            answer.append(Stratum.of(float(held[stratum] / held.sum()), part, places, tuple(edges)))
        strata, count = tuple(answer), int(held.sum())
        notes = (*notes_of(self.space, strata, self.by, count, count), *self.state.facts["said"])
        return FittedCopulaMixture(self.maker, self.space, strata, notes)
