"""A mixture of Gaussians over the normal scores of all columns, one per stratum, with smoothed marginals."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from cohortium.errors import NotApplicable, TooFewRecords
from cohortium.records import Condition, Guarantee, Schema, Table
from cohortium.registry import model, synthesiser
from cohortium.synthesise.protocol import Parts, Progress, silent
from cohortium.synthesise.tables.conditioning import suitable_ranks, tests_by_column, wants_missing
from cohortium.synthesise.tables.latent_space import LatentSpace
from cohortium.synthesise.tables.level_order import order_levels
from cohortium.synthesise.tables.marginal_learning import Persons, least_persons
from cohortium.synthesise.tables.row_maker import RowMaker
from cohortium.synthesise.tables.strata import strata_of
from cohortium.synthesise.tables.stratum import Stratum, Window
from cohortium.synthesise.tables.stratum_learning import learn_strata

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

FEWEST_PERSONS = 30
MOST_PERSONS = 20_000
"""So many persons, drawn at random, are enough to learn relations from; marginals are learnt from all."""
BLOCK_ROWS = 65_536


@synthesiser(
    "copula_mixture",
    guarantee="none",
    source="Gaussian mixture copula; Hoff 2007 (extended rank likelihood); Schäfer and Strimmer 2005 (shrinkage)",
    suits="small tables (100 to 1,000 persons, rare disease), wide ones, and survival",
    smallest=FEWEST_PERSONS,
)
@dataclass(frozen=True, slots=True)
class CopulaMixture:
    """Smooth relations over smoothed columns, learnt apart for each outcome; for few persons.

    least     : persons who must share a value, a level or a bin before it is kept; fewer in tables below 300 persons.
    component : fewest persons that a component of the mixture stands for.
    stratum   : fewest persons of an outcome that is learnt apart; half of them for the event of survival data.
    Reveals   : shares of cells, means and covariances of components, all over so many persons; no formal guarantee.
    """

    least: int = 10
    component: int = 12
    stratum: int = 100

    def fit(self, real: Table, *, rng: np.random.Generator, progress: Progress = silent) -> FittedCopulaMixture:
        """Learn the marginal of every modelled column, then a mixture of their normal scores in each stratum.

        Raises : TooFewRecords below 30 persons.
        """
        persons = Persons.of(real)
        count = persons.count
        if count < FEWEST_PERSONS:
            raise TooFewRecords(f"A copula mixture needs at least {FEWEST_PERSONS} persons; there are {count}.")
        least = least_persons(count, self.least)
        maker, left_out = RowMaker.learn(real, persons, least, progress)
        table = real
        if count > MOST_PERSONS:
            table = real.take(np.isin(persons.codes, rng.permutation(count)[:MOST_PERSONS]))
            persons = Persons.of(table)
        values = [marginal.read(table) for marginal in maker.marginals]
        maker = replace(maker, marginals=order_levels(maker.marginals, values, persons.weights))
        space = LatentSpace.of(table, maker.marginals, persons, least)
        stratum, by = strata_of(table, maker.marginals, persons.weights, self.stratum)
        progress("learning relations", 0.35)
        strata = learn_strata(space, table, persons, stratum, least, self.component, rng=rng)
        progress("done", 1.0)
        return FittedCopulaMixture(
            maker, space, strata, (*notes_of(space, strata, by, persons.count, count), *left_out)
        )


@model("copula_mixture")
@dataclass(frozen=True, slots=True)
class FittedCopulaMixture:
    """A mixture of normal scores per stratum, ready to be sampled."""

    method: ClassVar[str] = "copula_mixture"

    maker: RowMaker
    space: LatentSpace
    strata: tuple[Stratum, ...]
    notes: tuple[str, ...]

    @property
    def schema(self) -> Schema:
        """Schema of the tables that the model makes."""
        return self.maker.schema

    @property
    def guarantee(self) -> Guarantee:
        """None: privacy of this method is shown by attack."""
        return Guarantee()

    def sample(self, n: int, *, rng: np.random.Generator, where: Condition | None = None) -> Table:
        """``n`` new rows that satisfy ``where`` and every rule of the schema.

        The rarest single-column test of ``where`` is met by construction, the rest by drawing rows again.
        Raises : NotApplicable where (almost) no row does.
        """
        windows = self._windows(where)
        shares = np.array(
            [
                stratum.share * (1.0 if window is None else window.chance)
                for stratum, window in zip(self.strata, windows, strict=True)
            ]
        )
        if not shares.sum() > 0.0:
            raise NotApplicable("The model makes no row that satisfies the condition. Widen the condition.")

        def propose(rows: int) -> Floats:
            values = np.empty((rows, len(self.space.marginals)))
            numbers = rng.choice(len(shares), size=rows, p=shares / shares.sum())
            for start in range(0, rows, BLOCK_ROWS):
                block = numbers[start : start + BLOCK_ROWS]
                for number in np.unique(block):
                    own = start + np.flatnonzero(block == number)
                    values[own] = self.strata[number].draw(len(own), self.space, rng, windows[number])
            return values

        return self.maker.rows(n, propose, where)

    def _windows(self, where: Condition | None) -> list[Window | None]:
        """Per stratum what the rarest test of ``where`` asks for; None where there is none."""
        rarest: list[Window | None] = [None] * len(self.strata)
        least = 1.0
        for column, tests in tests_by_column(where).items():
            for number, axis in enumerate(self.space.axes):
                marginal = self.space.marginals[axis.columns[0]]
                if axis.missing or marginal.column.name != column or wants_missing(tests):
                    continue
                found = [suitable_ranks(marginal, tests, stratum.edges[number]) for stratum in self.strata]
                windows = [Window(number, ranks, float(np.diff(ranks).sum())) for ranks in found]
                chance = sum(own.share * window.chance for own, window in zip(self.strata, windows, strict=True))
                if chance < least:
                    least, rarest = chance, list(windows)
        return rarest

    def parts(self) -> Parts:
        """The model as plain data."""
        inner = self.maker.parts()
        arrays, strata = dict(inner.arrays), []
        for number, stratum in enumerate(self.strata):
            facts, own = stratum.parts()
            strata.append(facts)
            arrays.update({f"stratum.{number:03d}.{name}": array for name, array in own.items()})
        facts = {"notes": list(self.notes), "model": inner.facts, "axes": self.space.facts(), "strata": strata}
        return Parts(facts, arrays)

    @classmethod
    def from_parts(cls, schema: Schema, parts: Parts) -> Self:
        """The model that ``parts`` holds."""
        maker = RowMaker.from_parts(schema, Parts(parts.facts["model"], parts.arrays))
        space = LatentSpace.from_facts(maker.marginals, parts.facts["axes"])
        strata = []
        for number, facts in enumerate(parts.facts["strata"]):
            prefix = f"stratum.{number:03d}."
            own = {name.removeprefix(prefix): array for name, array in parts.arrays.items() if name.startswith(prefix)}
            strata.append(Stratum.from_parts(facts, own, space))
        return cls(maker, space, tuple(strata), tuple(parts.facts["notes"]))


def notes_of(
    space: LatentSpace, strata: tuple[Stratum, ...], by: str, learnt_from: int, persons: int
) -> tuple[str, ...]:
    """What a person should know about a mixture whose relations are ``learnt_from`` so many of the persons."""
    components = sum(len(stratum.mixture.weights) for stratum in strata)
    said = f"Relations are learnt from {learnt_from:,} persons, as a mixture of {components} Gaussian"
    notes = [f"{said}{'s' if components > 1 else ''}" + (f" in {len(strata)} groups by '{by}'." if by else ".")]
    if persons < 10 * len(space.axes):
        notes.append(
            f"{persons} persons are few for {len(space.marginals)} columns: relations weaker than a correlation of "
            f"about {2.0 / np.sqrt(persons):.2f} cannot be told from chance and are shrunk towards none."
        )
    return tuple(notes)
