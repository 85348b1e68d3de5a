"""The baseline: every column drawn from its own smoothed marginal, as if columns knew nothing of each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from cohortium import registry
from cohortium.errors import TooFewRecords
from cohortium.records import Condition, Guarantee, Schema, Table, conjuncts
from cohortium.records.conditions import Test
from cohortium.synthesise.protocol import Parts, Progress, silent
from cohortium.synthesise.tables.marginal_codec import Marginal, assemble
from cohortium.synthesise.tables.marginal_learning import Persons, learn_marginals, least_persons
from cohortium.synthesise.tables.rejection import draw_where, fill_up

if TYPE_CHECKING:
    from numpy.typing import NDArray

SMALLEST = 10


@registry.synthesiser(
    "independent_columns",
    guarantee="none",
    source="product of smoothed empirical marginals",
    suits="a yardstick, and tables whose associations nobody may learn: keeps each column, loses all that links them",
    smallest=SMALLEST,
)
@dataclass(frozen=True, slots=True)
class IndependentColumns:
    """Independent columns: each column keeps its own distribution, and nothing links one column to another.

    least : persons who must share a value, a level or a bin before it is kept; fewer in tables below 300 persons.
    """

    least: int = 10

    def fit(self, real: Table, *, rng: np.random.Generator, progress: Progress = silent) -> FittedIndependentColumns:
        """Learn the marginal of every modelled column.

        Raises : TooFewRecords below 10 persons.
        """
        persons = Persons.of(real)
        if persons.count < SMALLEST:
            raise TooFewRecords(f"Independent columns need {SMALLEST} persons or more; there are {persons.count}.")
        table = real.modelled()
        marginals, notes = learn_marginals(table, persons, least_persons(persons.count, self.least), progress)
        return FittedIndependentColumns(table.schema, marginals, notes)


@dataclass(frozen=True, slots=True)
class FittedIndependentColumns:
    """The marginals of a table's columns."""

    method: ClassVar[str] = "independent_columns"

    schema: Schema
    marginals: tuple[Marginal, ...]
    left_out: tuple[str, ...]

    @property
    def guarantee(self) -> Guarantee:
        """None: the marginals are smoothed over persons, without noise."""
        return Guarantee()

    @property
    def notes(self) -> tuple[str, ...]:
        """What was left out, and that columns are unrelated."""
        return ("Columns are drawn independently: no association between them is kept.", *self.left_out)

    def sample(self, n: int, *, rng: np.random.Generator, where: Condition | None = None) -> Table:
        """``n`` new rows that satisfy ``where``.

        Tests on one column that must all hold are met column by column; what remains, by drawing rows again.
        Raises : NotApplicable where (almost) no row satisfies ``where``.
        """
        tests = () if where is None else conjuncts(where)

        def propose(rows: int) -> Table:
            columns = {
                marginal.column.name: marginal.arrow(_draw(marginal, rows, tests, rng)) for marginal in self.marginals
            }
            return assemble(columns, self.schema)

        return propose(n) if where is None else draw_where(propose, n, where, self.marginals)

    def parts(self) -> Parts:
        """The model as plain data."""
        arrays = {f"marginal_{place}": marginal.array for place, marginal in enumerate(self.marginals)}
        facts = {"marginals": [marginal.facts for marginal in self.marginals], "left_out": list(self.left_out)}
        return Parts(facts, arrays)

    @classmethod
    def from_parts(cls, schema: Schema, parts: Parts) -> Self:
        """The model that ``parts`` holds."""
        marginals = tuple(
            Marginal.from_parts(column, facts, parts.arrays[f"marginal_{place}"])
            for place, (column, facts) in enumerate(zip(schema.columns, parts.facts["marginals"], strict=True))
        )
        return cls(schema, marginals, tuple(parts.facts["left_out"]))


def _draw(marginal: Marginal, n: int, tests: tuple[Test, ...], rng: np.random.Generator) -> NDArray[np.float64]:
    own = [test for test in tests if test.column == marginal.column.name]
    if not own:
        return marginal.draw(n, rng)

    def propose(rows: int) -> NDArray[np.float64]:
        values = marginal.draw(rows, rng)
        kept = np.logical_and.reduce([marginal.accepts(test, values) for test in own])
        return values[kept]

    return np.concatenate(fill_up(propose, n))
