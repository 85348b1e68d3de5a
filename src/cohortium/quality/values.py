"""One column of a table, with what is worth computing only once; and calendar time, told from such a column."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from cohortium.quality.counting import distinct
from cohortium.records import Column, Kind, Table

if TYPE_CHECKING:
    from numpy.typing import NDArray


LARGEST = 1e150
"""Numbers beyond it cannot be squared without overflow; they are nobody's measurement."""


class Values:
    """One column of a table, with what is worth computing only once."""

    def __init__(self, table: Table, column: Column) -> None:
        self._table, self.column = table, column

    @cached_property
    def missing(self) -> NDArray[np.bool_]:
        """True (n,) where the column has no value."""
        return self._table.missing(self.column.name)

    @cached_property
    def missing_count(self) -> int:
        """Rows without a value."""
        return int(np.count_nonzero(self.missing))

    @cached_property
    def numbers(self) -> NDArray[np.float64]:
        """(n,) NaN where missing; dates in days, datetimes in seconds; of numeric and boolean columns."""
        return self._table.numeric(self.column.name)

    @cached_property
    def usable(self) -> NDArray[np.bool_]:
        """True (n,) where there is a number that can be squared: neither missing nor infinite nor beyond 1e150."""
        return np.asarray(np.abs(self.numbers) < LARGEST)

    @cached_property
    def days(self) -> NDArray[np.float64]:
        """(n,) days since 1970-01-01, NaN where missing; of date and datetime columns."""
        return np.floor(self.numbers / 86_400) if self.column.kind is Kind.DATETIME else self.numbers

    @cached_property
    def finite(self) -> NDArray[np.float64]:
        """The usable values, ascending."""
        return np.sort(self.numbers[self.usable])

    @property
    def varies(self) -> bool:
        """Whether there are two different values; of numeric columns."""
        known = self.numbers[~self.missing]
        return len(known) > 0 and bool(known.min() < known.max())

    @cached_property
    def distinct(self) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Distinct values, ascending, and how many rows carry each."""
        values = self.finite
        if not len(values):
            return values, np.zeros(0, np.int64)
        starts = np.flatnonzero(np.r_[True, np.diff(values) > 0])
        return values[starts], np.diff(np.r_[starts, len(values)])

    @cached_property
    def codes(self) -> NDArray[np.int32]:
        """(n,) codes of levels, -1 where missing; of nominal columns."""
        return self._table.codes(self.column.name)[0]

    @cached_property
    def levels(self) -> tuple[str, ...]:
        """Levels that the codes count."""
        return self._table.codes(self.column.name)[1]

    @cached_property
    def level_rows(self) -> NDArray[np.int64]:
        """(levels,) rows that carry each level."""
        return np.bincount(self.codes[self.codes >= 0], minlength=len(self.levels)).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Periods:
    """Calendar time in months.

    of_row : (n,) the month of each row, counted from 0; -1 where it has no date.
    starts : the first day of each month that occurs.
    dated  : the column that says so.
    """

    of_row: NDArray[np.int64]
    starts: NDArray[np.datetime64]
    dated: str

    @classmethod
    def of(cls, calendar: Values) -> Periods:
        """The months of a column of dates."""
        known = ~np.isnan(calendar.days)
        months = calendar.days[known].astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
        present = distinct(months)
        of_row = np.full(len(known), -1, dtype=np.int64)
        of_row[known] = np.searchsorted(present, months)
        return cls(of_row, present.astype("datetime64[M]"), calendar.column.name)
