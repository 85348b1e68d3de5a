"""One column as cells on the unit interval, and the way from values to ranks and back.

A cell (a spike, a bin of numbers, a level) takes as much of the unit interval as its share of the persons. A value is
read as the ranks of its cell; a rank is turned into a fresh value of its cell, so values are made, never copied.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from cohortium.errors import InvalidRecords
from cohortium.records import Column, Kind, Table
from cohortium.records.conditions import Test
from cohortium.records.table import ARROW_TYPES, BOOLEAN_LEVELS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Grain:
    """How finely a source records a number: multiples of ``step``, with so many significant ``digits`` (0 = any)."""

    step: float = 0.0
    digits: int = 0

    def at(self, values: Floats) -> Floats:
        """The distance between neighbouring values that can be recorded, at each value."""
        if not self.digits:
            return np.full(len(values), self.step)
        size = np.floor(np.log10(np.maximum(np.abs(values), 1e-300)))
        return np.maximum(10.0 ** (size + 1 - self.digits), self.step)

    def round(self, values: Floats) -> Floats:
        """The nearest values that can be recorded."""
        if self.digits:
            whole = np.round(values / self.at(values)) * self.at(values)
            # Powers of ten below 1 are not exact in binary, so decimals are set once more.
            values = np.round(whole, 15 - int(np.ceil(np.log10(np.max(np.abs(whole), initial=1.0)))))
        if self.step >= 1.0:
            return np.round(values / self.step) * self.step
        return np.round(values, round(-np.log10(self.step))) if self.step > 0.0 else values


@dataclass(frozen=True)
class Marginal:
    """The cells of one column, in order of value.

    shares    : (m,) share of each cell among those who have a value; they sum to 1. Empty where nobody has one.
    low, high : (m,) range of the values in each cell, equal for a spike; for a nominal column the codes of its levels.
    levels    : the levels that the codes count; None for numbers.
    grain     : the resolution of the values.
    missing   : share of the records without a value.
    """

    column: Column
    shares: Floats
    low: Floats
    high: Floats
    levels: tuple[str, ...] | None
    grain: Grain
    missing: float

    @cached_property
    def edges(self) -> Floats:
        """Where the cells begin and end on the unit interval (m + 1,)."""
        return edges_of(self.shares)

    @property
    def is_ordered(self) -> bool:
        """Whether the order of the cells means something; it always does for two."""
        return self.levels is None or self.column.kind is Kind.ORDINAL or len(self.shares) <= 2

    def read(self, table: Table) -> Floats:
        """The column of ``table`` as numbers or codes of ``levels`` (n,); NaN where missing or left out.

        Raises : InvalidRecords where a number is infinite.
        """
        if self.levels is None:
            return finite_numbers(table, self.column.name)
        codes, present = table.codes(self.column.name)
        place = {level: float(code) for code, level in enumerate(self.levels)}
        return np.array([place.get(level, np.nan) for level in present] + [np.nan])[codes]

    def cells(self, values: Floats) -> NDArray[np.int64]:
        """The cell of each value; -1 for NaN."""
        if not len(self.shares):
            return np.full(len(values), -1, dtype=np.int64)
        cuts = (self.high[:-1] + self.low[1:]) / 2.0
        return np.where(np.isnan(values), -1, np.searchsorted(cuts, values)).astype(np.int64)

    def ranks(self, values: Floats) -> tuple[Floats, Floats]:
        """Between which ranks each value lies, both (n,): those of its cell, or the part that rounds to the value.

        From 0 to 1 for NaN.
        """
        if not len(self.shares):
            return np.zeros(len(values)), np.ones(len(values))
        cells = self.cells(values)
        wide = self.low < self.high
        # A recorded value stands for all that rounds to it, which may reach into the next cells, but not past a spike.
        apart = np.append(True, self.high[:-1] < self.low[1:]) | ~wide | np.append(True, ~wide[:-1])
        first, last = _ends_of_runs(apart)
        half = self.grain.at(values) / 2.0
        low = self._rank(values - half, first[cells], last[cells])
        high = self._rank(values + half, first[cells], last[cells])
        low = np.where(wide[cells], low, self.edges[cells])
        high = np.where(wide[cells], high, self.edges[cells + 1])
        return np.where(cells < 0, 0.0, low), np.where(cells < 0, 1.0, high)

    def _rank(self, numbers: Floats, first: NDArray[np.int64], last: NDArray[np.int64]) -> Floats:
        cells = np.clip(np.searchsorted(self.low, numbers, side="right") - 1, first, last)
        width = self.high[cells] - self.low[cells]
        inside = np.clip((numbers - self.low[cells]) / np.where(width > 0.0, width, 1.0), 0.0, 1.0)
        return self.edges[cells] + self.shares[cells] * inside

    def values(self, ranks: Floats, edges: Floats | None = None) -> Floats:
        """The value at each rank (0 to 1): a number at the column's resolution, or a level code; NaN without cells.

        edges : other edges (m + 1,) of the same cells, for a group of persons among whom the cells have other shares.
        """
        if not len(self.shares):
            return np.full(len(ranks), np.nan)
        edges = self.edges if edges is None else edges
        cells = np.searchsorted(edges[1:-1], ranks, side="right")
        if self.levels is not None:
            return self.low[cells]
        share = np.diff(edges)
        slope = (self.high - self.low) / np.where(share > 0.0, share, 1.0)
        return self.recorded(self.low[cells] + (ranks - edges[cells]) * slope[cells])

    def recorded(self, values: Floats) -> Floats:
        """Values as the source would write them: at its resolution and within the plausible range."""
        if self.levels is not None:
            return values
        return np.clip(self.grain.round(values), self.column.minimum, self.column.maximum)

    def draw(self, n: int, rng: np.random.Generator) -> Floats:
        """``n`` values of persons drawn from this column alone; NaN where missing."""
        values = self.values(rng.random(n))
        values[rng.random(n) < self.missing] = np.nan
        return values

    def accepts(self, test: Test, values: Floats) -> NDArray[np.bool_]:
        """Which values (numbers or level codes, NaN where missing) a condition's test accepts.

        A level that the marginal left out is known to the test, and nobody has it.
        """
        if self.levels is None:
            return test.accepts_numbers(values, self.column.kind)
        listed = BOOLEAN_LEVELS if self.column.kind is Kind.BOOLEAN else self.column.levels or ()
        names = (*listed, *(level for level in self.levels if level not in listed))
        passes = dict(zip((*names, None), test.accepts_levels(names, self.column.kind), strict=True))
        lookup = np.array([passes[level] for level in (*self.levels, None)])
        return np.asarray(lookup[np.where(np.isnan(values), -1, values).astype(np.int64)], dtype=np.bool_)

    def arrow(self, values: Floats) -> pa.Array:
        """Values (numbers or level codes, NaN where missing) as the Arrow array that the column's kind wants."""
        absent = np.isnan(values)
        whole = np.where(absent, 0.0, values)
        match self.column.kind:
            case Kind.CONTINUOUS | Kind.DURATION:
                return pa.array(values, mask=absent)
            case Kind.INTEGER:
                return pa.array(whole.astype(np.int64), mask=absent)
            case Kind.DATE:
                return pa.array(whole.astype(np.int32), mask=absent).cast(ARROW_TYPES[Kind.DATE])
            case Kind.DATETIME:
                return pa.array(np.round(whole * 1e6).astype(np.int64), mask=absent).cast(ARROW_TYPES[Kind.DATETIME])
        levels = self.levels or ("",)
        if self.column.kind is Kind.BOOLEAN:
            return pa.array(np.array([level == "true" for level in levels])[whole.astype(np.int64)], mask=absent)
        return pa.DictionaryArray.from_arrays(pa.array(whole.astype(np.int32), mask=absent), pa.array(levels))

    @property
    def facts(self) -> dict[str, Any]:
        """The JSON half of the marginal."""
        levels = None if self.levels is None else list(self.levels)
        return {"levels": levels, "step": self.grain.step, "digits": self.grain.digits, "missing": self.missing}

    @property
    def array(self) -> Floats:
        """The numeric half: shares, low, high (3, m)."""
        return np.stack([self.shares, self.low, self.high])

    @classmethod
    def from_parts(cls, column: Column, facts: dict[str, Any], array: Floats) -> Marginal:
        """The marginal of which these are the halves."""
        levels = None if facts["levels"] is None else tuple(facts["levels"])
        grain = Grain(facts["step"], facts["digits"])
        return cls(column, array[0], array[1], array[2], levels, grain, facts["missing"])


def edges_of(shares: Floats) -> Floats:
    """Where cells of these shares (m,) begin and end on the unit interval (m + 1,)."""
    edges = np.append(0.0, np.cumsum(shares))
    return edges / edges[-1] if len(shares) else edges


def _ends_of_runs(starts: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First and last member of the run that each element belongs to; ``starts`` is True where a run begins."""
    beginnings = np.flatnonzero(starts)
    number = np.cumsum(starts) - 1
    endings = np.append(beginnings[1:], len(starts)) - 1
    return beginnings[number], endings[number]


def finite_numbers(table: Table, name: str) -> Floats:
    """A numeric column (n,), NaN where missing.

    Raises : InvalidRecords where a number is infinite.
    """
    values = table.numeric(name)
    infinite = int(np.isinf(values).sum())
    if infinite:
        raise InvalidRecords(
            f"Column '{name}' holds {infinite} infinite values; numbers were expected. Mark them as missing codes in "
            "the schema, or correct them."
        )
    return values
