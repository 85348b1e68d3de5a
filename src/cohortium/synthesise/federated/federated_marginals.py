"""Differentially private tables learnt across sites: counts are summed, noise is added once to the sum."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from cohortium.errors import InvalidRequest
from cohortium.numerics.graphical_model import GraphicalModel
from cohortium.numerics.junction_tree import Clique
from cohortium.privacy.accounting import Budget, Spent, rho_of
from cohortium.privacy.mechanisms import Curator, variance_at
from cohortium.privacy.secure_noise import InsecureNoise, Noise, SecureNoise
from cohortium.records import PERSONS, Guarantee, Result, Schema, State, Sums, Table, schema_from_plain, schema_to_plain
from cohortium.registry import algorithm
from cohortium.synthesise.federated import stored
from cohortium.synthesise.federated.federated_trees import checked_schema, one_row_each, plain_rules
from cohortium.synthesise.federated.marginal_steps import (
    Counting,
    RunnersCurator,
    SummedSelection,
    clique_counts,
    parted,
    strongest,
)
from cohortium.synthesise.tables.private.cells import CountedColumn, counted
from cohortium.synthesise.tables.private.estimation import MarginalFit, Measurement
from cohortium.synthesise.tables.private.preparation import default_delta, targets_of
from cohortium.synthesise.tables.private.rules import dependencies, totals
from cohortium.synthesise.tables.private.selection import COUNTS, Plan, as_clique, candidates
from cohortium.synthesise.tables.private_marginals import (
    CHOICE_SHARE,
    CLEAR,
    MOST_CELLS,
    PERSONS_SHARE,
    ROUNDS,
    VALUES_SHARE,
    FittedPrivateMarginals,
    remarks_of,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

TITLE = "Differentially private twin by noisy marginals"
COUNTING = ("scale", "ranges", "finest")
MOST_SUMMED = 1 << 21
"""Cells of candidate marginals that are summed in one round; the largest marginals are left out beyond."""


@algorithm(
    "federated_marginals",
    title=TITLE,
    leaves_site="counts of levels and of ranges of numbers, and counts of the cells of pairs and triples of columns",
    source="McKenna, Miklau & Sheldon 2021 (MST); McKenna et al. 2022 (AIM); Canonne, Kamath & Steinke 2020 (noise)",
    counts=("values", "marginals"),
    family="synthesis",
    alone=False,
)
@dataclass(frozen=True, slots=True)
class FederatedMarginals:
    """Private marginals over all sites, with one budget and one noise for the sum.

    variables, rules : columns to model, one row per person, and rules between them; ``of`` takes both from a schema.
    epsilon, delta, target, most_bins, tree_cells : as in ``PrivateMarginals``.
    noise_in         : "combine": the noise is added to the total in ``combine``, so whoever combines must be trusted
                       with exact totals. "sum": the runner adds it inside the secure sum, and nobody sees an exact
                       total. A state then says under ``noise`` which sums need it: name -> [[cells, variance], ...],
                       discrete Gaussian, in order. Pairs alone are then candidates, and delta must be given.
    insecure_seed    : noise that can be repeated, for tests: it protects nobody.
    seed             : which candidates are left out of very wide tables.
    Reveals          : with "sum", noisy counts and the number of persons behind each sum; with "combine", exact
                       counts to the combiner, noisy ones to all others. Levels agreed on count as public.
    """

    variables: tuple[str, ...]
    rules: tuple[dict[str, Any], ...] = ()
    epsilon: float = 1.0
    delta: float | None = None
    target: str | None = None
    most_bins: int = 32
    tree_cells: int = 60_000
    noise_in: str = "combine"
    insecure_seed: int | None = None
    seed: int = 0

    @classmethod
    def of(cls, schema: Schema, **settings: Any) -> Self:
        """For the modelled columns of ``schema`` and the rules between them."""
        modelled = schema.select(column.name for column in schema.modelled)
        return cls(modelled.names, plain_rules(modelled), **settings)

    def columns(self) -> tuple[str, ...]:
        """The variables."""
        return self.variables

    def start(self, schema: Schema) -> State:
        """Ask how many patients there are.

        Raises : InvalidRequest where settings or columns do not fit.
        """
        if self.noise_in not in ("combine", "sum"):
            raise InvalidRequest(f"noise_in must be 'combine' or 'sum', not '{self.noise_in}'.")
        if self.noise_in == "sum" and self.delta is None:
            raise InvalidRequest("Noise inside the sum needs a delta that is known beforehand; give one, such as 1e-6.")
        own = checked_schema(schema, self.variables, self.rules)
        facts: dict[str, Any] = {"schema": schema_to_plain(own), "spent": []}
        if self.delta is not None:
            facts["delta"] = self.delta
        if self.noise_in == "sum":
            facts["noise"] = {"patients": [[1, str(variance_at(_Steps(self, facts).rho * PERSONS_SHARE))]]}
        return State("patients", facts)

    def local(self, records: Table, state: State) -> Sums:
        """The counts that this step asks of one site."""
        base: dict[str, Any] = {PERSONS: len(np.unique(records.persons())), "rows": len(records)}
        if state.step == "patients":
            return Sums(base | {"patients": np.array([len(records)])})
        steps = _Steps(self, state.facts)
        if state.step in COUNTING:
            parts = [own.counts(records) for own in steps.countings if own.cost(state.step)]
            return Sums(base | {"values": np.concatenate([np.zeros(0, np.int64), *parts]).astype(np.int64)})
        found = steps.found(state.facts["total"])
        codes = np.stack([own.column.encode(records) for own in found], axis=1)
        cliques = [tuple(clique) for clique in state.facts["cliques"]]
        return Sums(base | {"marginals": clique_counts(codes, cliques, [own.column.size for own in found])})

    def combine(self, total: Sums, state: State) -> State | Result:
        """The next state, which holds noisy counts alone, or the model.

        Raises : TooFewRecords without persons, NotApplicable where persons have several rows.
        """
        if state.step == "patients":
            one_row_each(total, 1)
            delta = default_delta(total.persons) if self.delta is None else self.delta
            return _Steps(self, {**state.facts, "delta": delta}).counted_patients(total)
        steps = _Steps(self, state.facts)
        if state.step in COUNTING:
            return steps.counted_values(state.step, total)
        if state.step == "choice":
            return steps.chosen(total)
        model = steps.related(total)
        found = steps.found(state.facts["total"])
        fitted = steps.fitted(found, model, state.facts["total"])
        return stored.result_of(fitted, fitted.patients, TITLE)


class _Steps:
    """One fit at one of its steps: the budget, and what it is spent on."""

    def __init__(self, asked: FederatedMarginals, facts: dict[str, Any]) -> None:
        self.asked, self.facts = asked, facts
        self.schema = schema_from_plain(facts["schema"])
        self.delta = float(facts["delta"])
        self.rho = Fraction(rho_of(asked.epsilon, self.delta))
        spent = [Spent(purpose, Fraction(rho)) for purpose, rho in facts["spent"]]
        self.budget = Budget(self.rho, Fraction(0), spent)
        self.curator = self._curator(len(spent))
        computed = {rule.total for rule in totals(self.schema)}
        self.modelled = [column for column in self.schema.columns if column.name not in computed]
        self.targets = targets_of(self.modelled, asked.target)
        self.dependencies = dependencies(self.schema)
        free = len(self.modelled) - len(self.dependencies)
        possible = free * (free - 1) // 2 * (1 + len(self.targets) * (asked.noise_in == "combine"))
        self.choices = min(2 * free + 2, possible) + len(self.dependencies)
        self.values_rho = self.rho * (VALUES_SHARE if self.choices else 1 - PERSONS_SHARE)
        self.counts_rho = self.rho * (1 - PERSONS_SHARE - VALUES_SHARE - CHOICE_SHARE)
        plain = facts.get("columns")
        self.countings = [
            Counting.first(column, self.values_rho / len(self.modelled))
            if plain is None
            else Counting.from_plain(column, plain[place])
            for place, column in enumerate(self.modelled)
        ]

    def _curator(self, entries: int) -> Curator:
        seed = self.asked.insecure_seed
        noise: Noise = SecureNoise() if seed is None else InsecureNoise(np.random.default_rng([seed, entries]))
        return Curator(self.budget, noise) if self.asked.noise_in == "combine" else RunnersCurator(self.budget, noise)

    def _facts(self, **changed: Any) -> dict[str, Any]:
        spent = [[entry.purpose, str(entry.rho)] for entry in self.budget.entries]
        return {**self.facts, **changed, "spent": spent}

    def counted_patients(self, total: Sums) -> State:
        """The noisy number of patients, and the first count of every column."""
        shown, _ = self.curator.histogram("number of patients", total["patients"], self.rho * PERSONS_SHARE)
        facts = self._facts(total=max(float(shown[0]), 1.0), columns=[own.plain() for own in self.countings])
        return self._asking("scale", facts)

    def _asking(self, step: str, facts: dict[str, Any]) -> State:
        """The state of a count of values, with the noise that it needs."""
        asked = [own for own in _Steps(self.asked, facts).countings if own.cost(step)]
        noise = {"values": [[own.cells, _variance(own.cost(step))] for own in asked]}
        return State(step, {**facts, "noise": noise if self.asked.noise_in == "sum" else {}})

    def counted_values(self, step: str, total: Sums) -> State:
        """The columns after a count of their values; the next count of those that still need one, or marginals."""
        asked = [own.cells if own.cost(step) else 0 for own in self.countings]
        parts = np.split(total["values"], np.cumsum(asked)[:-1])
        after = [own.after(step, part, self.curator) for own, part in zip(self.countings, parts, strict=True)]
        facts = self._facts(columns=[own.plain() for own in after])
        for follows in COUNTING[COUNTING.index(step) + 1 :]:
            if any(own.cost(follows) for own in after):
                return self._asking(follows, facts)
        return _Steps(self.asked, facts)._asking_marginals()

    def found(self, total: float) -> list[CountedColumn]:
        """Cells of every column."""
        lightest = CLEAR * math.sqrt(max(self.choices, 1) / (2 * float(self.counts_rho)))
        pieces = [own.pieces for own in self.countings if own.pieces is not None]
        return [counted(own, total, lightest, self.asked.most_bins) for own in pieces]

    def _fit(self, found: list[CountedColumn]) -> MarginalFit:
        fit = MarginalFit([own.column.size for own in found], float(self.facts["total"]))
        for place, own in enumerate(found):
            fit.add(Measurement((place,), own.counts, own.variances))
        return fit

    def _wanted(self, sizes: list[int]) -> tuple[dict[Clique, int], list[Clique]]:
        """Candidates with their weights, and cliques that are counted in any case."""
        names = [column.name for column in self.modelled]
        dependent = {names.index(rule.dependent) for rule in self.dependencies}
        free = [place for place in range(len(names)) if place not in dependent]
        rng = np.random.default_rng(self.asked.seed)
        wanted = candidates(sizes, self.targets, free, MOST_CELLS, rng)
        given = [as_clique(names.index(rule.determinant), names.index(rule.dependent)) for rule in self.dependencies]
        if self.asked.noise_in == "sum":
            wanted = {clique: weight for clique, weight in wanted.items() if len(clique) == 2}
        cells = [math.prod(sizes[column] for column in clique) for clique in wanted]
        fits = np.zeros(len(cells), np.bool_)
        order = np.argsort(cells, kind="stable")
        fits[order] = np.cumsum(np.array(cells, np.int64)[order]) <= MOST_SUMMED
        return {clique: wanted[clique] for clique, fit in zip(wanted, fits, strict=True) if fit}, given

    def _asking_marginals(self) -> State:
        sizes = [own.column.size for own in self.found(self.facts["total"])]
        wanted, given = self._wanted(sizes)
        if self.asked.noise_in == "combine":
            cliques = list(dict.fromkeys([*wanted, *given]))
            return State("marginals", {**self._facts(cliques=[list(clique) for clique in cliques]), "noise": {}})
        return self._asking_noisy("choice", list(wanted), sizes, CHOICE_SHARE * self.rho)

    def _asking_noisy(self, step: str, cliques: list[Clique], sizes: list[int], rho: Fraction) -> State:
        variance = _variance(rho / max(len(cliques), 1))
        noise = [[math.prod(sizes[column] for column in clique), variance] for clique in cliques]
        return State(step, {**self._facts(cliques=[list(own) for own in cliques]), "noise": {"marginals": noise}})

    def _summed(self, total: Sums, sizes: list[int]) -> dict[Clique, NDArray[np.int64]]:
        return parted(total["marginals"], [tuple(clique) for clique in self.facts["cliques"]], sizes)

    def chosen(self, total: Sums) -> State:
        """The marginals worth counting, chosen by counts that carry their noise already."""
        found = self.found(self.facts["total"])
        sizes = [own.column.size for own in found]
        noisy, (wanted, given) = self._summed(total, sizes), self._wanted(sizes)
        rho = CHOICE_SHARE * self.rho / max(len(noisy), 1)
        for own in noisy.values():
            self.curator.histogram("choice of marginals", own, rho)
        most = max(self.choices - len(given), 0)
        variance = float(variance_at(rho))
        picked = strongest(noisy, wanted, self._fit(found), variance, most, self.asked.tree_cells)
        return self._asking_noisy("marginals", list(dict.fromkeys([*given, *picked])), sizes, self.counts_rho)

    def related(self, total: Sums) -> GraphicalModel:
        """The joint model."""
        found = self.found(self.facts["total"])
        sizes = [own.column.size for own in found]
        fit, true = self._fit(found), self._summed(total, sizes)
        if self.asked.noise_in == "sum":
            for clique, own in true.items():
                noisy, variance = self.curator.histogram(COUNTS, own, self.counts_rho / len(true))
                fit.add(Measurement(clique, noisy.astype(np.float64), np.full(noisy.shape, variance)))
            return fit.fit()
        wanted, given = self._wanted(sizes)
        plan = Plan(min(self.choices, len(wanted) + len(given)), ROUNDS, self.asked.tree_cells)
        selection = SummedSelection(true, fit, plan, self.curator, CHOICE_SHARE * self.rho, self.counts_rho)
        selection.count(given)
        return selection.run(wanted, lambda _doing, _share: None)

    def fitted(self, found: list[CountedColumn], model: GraphicalModel, total: float) -> FittedPrivateMarginals:
        """The model with its guarantee."""
        notes = [
            f"({self.asked.epsilon:g}, {self.delta:g})-differential privacy for each patient of all sites together; "
            "levels, kinds and rules that the sites agreed on count as public."
        ]
        if self.asked.insecure_seed is not None:
            notes.append("The noise came from a source that can be repeated: this fit protects nobody.")
        if self.asked.noise_in == "sum":
            notes.append("The noise was added by the runner, inside the secure sum; the guarantee rests on that.")
        accountant = f"zero-concentrated, rho = {float(self.rho):.6g}"
        return FittedPrivateMarginals(
            self.schema,
            tuple(own.column for own in found),
            model,
            Guarantee(self.asked.epsilon, self.delta, "patient", accountant),
            (*notes, *remarks_of(found)),
            {purpose: str(spent) for purpose, spent in self.budget.by_purpose().items()},
            round(total),
        )


def _variance(rho: Fraction) -> str:
    return str(variance_at(rho))
