"""The baseline: every column drawn from its own smoothed marginal, as if columns knew nothing of each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from cohortium.errors import NotApplicable, TooFewRecords
from cohortium.records import Condition, Guarantee, Schema, Table
from cohortium.records.conditions import Test
from cohortium.registry import model, synthesiser
from cohortium.synthesise.protocol import Parts, Progress, silent
from cohortium.synthesise.tables.conditioning import draw_ranks, suitable_ranks, tests_by_column, wants_missing
from cohortium.synthesise.tables.marginal_codec import Marginal
from cohortium.synthesise.tables.marginal_learning import Persons, least_persons
from cohortium.synthesise.tables.row_maker import RowMaker

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEWEST_PERSONS = 10


@synthesiser(
    "independent_columns",
    guarantee="none",
    source="product of smoothed marginals",
    suits="a yardstick, and tables whose relations nobody may learn: it keeps each column and loses what links them",
    smallest=FEWEST_PERSONS,
)
@dataclass(frozen=True, slots=True)
class IndependentColumns:
    """Each column keeps its own distribution, and nothing links one column to another; the baseline.

    least : persons who must share a value, a level or a bin before it is kept; fewer in tables below 300 persons.
    Reveals : shares of cells of ``least`` persons or more; no formal guarantee.
    """

    least: int = 10

    def fit(self, real: Table, *, rng: np.random.Generator, progress: Progress = silent) -> FittedIndependentColumns:
        """Learn the marginal of every modelled column; nothing here is random.

        Raises : TooFewRecords below 10 persons.
        """
        persons = Persons.of(real)
        if persons.count < FEWEST_PERSONS:
            raise TooFewRecords(
                f"Independent columns need at least {FEWEST_PERSONS} persons; there are {persons.count}."
            )
        maker, notes = RowMaker.learn(real, persons, least_persons(persons.count, self.least), progress)
        progress("done", 1.0)
        return FittedIndependentColumns(maker, ("Columns are drawn independently: no relation is kept.", *notes))


@model("independent_columns")
@dataclass(frozen=True, slots=True)
class FittedIndependentColumns:
    """The marginals of one table, ready to be sampled."""

    method: ClassVar[str] = "independent_columns"

    maker: RowMaker
    notes: tuple[str, ...]

    @property
    def schema(self) -> Schema:
        """Schema of the tables that the model makes."""
        return self.maker.schema

    @property
    def guarantee(self) -> Guarantee:
        """None: marginals are smoothed over persons, without noise."""
        return Guarantee()

    def sample(self, n: int, *, rng: np.random.Generator, where: Condition | None = None) -> Table:
        """``n`` new rows that satisfy ``where`` and every rule of the schema.

        Tests on one column that must all hold are met column by column; the rest by drawing rows again.
        Raises : NotApplicable where (almost) no row does.
        """
        tests = tests_by_column(where)

        def propose(rows: int) -> NDArray[np.float64]:
            columns = [_draw(marginal, rows, tests.get(marginal.column.name, ()), rng) for marginal in marginals]
            return np.stack(columns, axis=1)

        marginals = self.maker.marginals

        return self.maker.rows(n, propose, where)

    def parts(self) -> Parts:
        """The model as plain data."""
        inner = self.maker.parts()
        return Parts({"notes": list(self.notes), "model": inner.facts}, inner.arrays)

    @classmethod
    def from_parts(cls, schema: Schema, parts: Parts) -> Self:
        """The model that ``parts`` holds."""
        maker = RowMaker.from_parts(schema, Parts(parts.facts["model"], parts.arrays))
        return cls(maker, tuple(parts.facts["notes"]))


def _draw(marginal: Marginal, n: int, tests: tuple[Test, ...], rng: np.random.Generator) -> NDArray[np.float64]:
    if not tests:
        return marginal.draw(n, rng)
    if wants_missing(tests) and marginal.missing > 0.0:
        return np.full(n, np.nan)
    suitable = suitable_ranks(marginal, tests, marginal.edges)
    if not len(suitable):
        raise NotApplicable(f"The model makes no value of '{marginal.column.name}' that the condition accepts.")
    return marginal.values(draw_ranks(suitable, n, rng))
