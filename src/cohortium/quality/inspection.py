"""A table under inspection: what several checks need, computed once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from cohortium.errors import NotApplicable
from cohortium.quality.columns import INDEX, is_birth, is_date, is_death, is_last_seen, is_number, starts_of
from cohortium.quality.counting import distinct
from cohortium.quality.fingerprints import Fingerprints, fingerprints
from cohortium.quality.values import Periods, Values
from cohortium.quality.windows import LEAST_PERSONS
from cohortium.records import Column, Role, Schema, Table
from cohortium.sources.inference.names import words

if TYPE_CHECKING:
    from numpy.typing import NDArray


_KEPT = 8


class Inspection:
    """A table, the day on which it is looked at, and what several checks share.

    table : the records.
    today : dates after it lie in the future; None where it is not known.
    """

    def __init__(self, table: Table, today: date | None) -> None:
        self.table = table
        self._today = today
        self._recent: OrderedDict[str, Values] = OrderedDict()
        self._describing: dict[str, bool] = {}

    @property
    def schema(self) -> Schema:
        """The table's columns and rules."""
        return self.table.schema

    @property
    def today(self) -> int:
        """The day of the inspection, in days since 1970-01-01.

        Raises : NotApplicable where it is not known.
        """
        if self._today is None:
            raise NotApplicable("The day of the inspection was not given.")
        return (self._today - date(1970, 1, 1)).days

    @cached_property
    def fingerprints(self) -> Fingerprints:
        """Marks of all rows and columns."""
        return fingerprints(self.table)

    def __len__(self) -> int:
        return len(self.table)

    def values(self, column: Column) -> Values:
        """The column's values; those of the last few columns are kept."""
        if column.name not in self._recent:
            self._recent[column.name] = Values(self.table, column)
        self._recent.move_to_end(column.name)
        if len(self._recent) > _KEPT:
            self._recent.popitem(last=False)
        return self._recent[column.name]

    # ---- persons ----------------------------------------------------------------------------------------------

    @cached_property
    def key(self) -> Column | None:
        """The column that names the person."""
        return self.schema.only(Role.PERSON_KEY)

    @cached_property
    def persons(self) -> NDArray[np.int64]:
        """(n,) which person each row belongs to; a row without a person key counts as a person of its own."""
        if self.key is None:
            return np.arange(len(self), dtype=np.int64)
        codes = self.table.factorised(self.key.name).astype(np.int64)
        unknown = np.flatnonzero(codes < 0)
        codes[unknown] = codes.max(initial=-1) + 1 + np.arange(len(unknown))
        return codes

    @cached_property
    def person_count(self) -> int:
        """How many persons there are."""
        return int(self.persons.max(initial=-1)) + 1

    @property
    def repeats(self) -> bool:
        """Whether some person has several rows."""
        return self.person_count < len(self)

    def carriers(self, groups: NDArray[np.integer], count: int) -> NDArray[np.int64]:
        """How many persons are in each of ``count`` groups (n,); rows of group -1 are in none."""
        inside = groups >= 0
        if not self.repeats:
            return np.bincount(groups[inside], minlength=count).astype(np.int64)
        pairs = distinct(groups[inside].astype(np.int64) * self.person_count + self.persons[inside])
        return np.bincount(pairs // self.person_count, minlength=count).astype(np.int64)

    def persons_in(self, rows: NDArray[np.bool_]) -> int:
        """How many persons these rows (n,) belong to."""
        if not self.repeats:
            return int(rows.sum())
        return int(np.count_nonzero(np.bincount(self.persons[rows], minlength=1)))

    def named(self, values: Values, codes: NDArray[np.integer], most: int = 5) -> str:
        """The levels of these codes in words; only levels that enough persons carry are named."""
        rows = np.where(np.isin(values.codes, codes), values.codes, -1)
        carriers = self.carriers(rows, len(values.levels))
        shown = sorted((int(code) for code in codes if carriers[code] >= LEAST_PERSONS), key=lambda c: -carriers[c])
        names = [f"'{values.levels[code]}'" for code in shown[:most]]
        if not names:
            return ""
        more = len(shown) - len(names)
        return ", ".join(names) + (f" and {more} more" if more else "")

    # ---- columns that other columns are held against ----------------------------------------------------------

    @cached_property
    def site(self) -> Values | None:
        """The hospital that each row comes from, where a nominal column says so and it varies."""
        column = self.schema.only(Role.SITE)
        if column is None or not column.kind.is_nominal:
            return None
        values = Values(self.table, column)
        return values if np.count_nonzero(values.level_rows) > 1 else None

    def describes_site(self, column: Column) -> bool:
        """Whether every site has one value of the column: its country, its size."""
        if column.name not in self._describing:
            # A few rows show of most columns that they do not.
            few = slice(0, 1_000)
            self._describing[column.name] = self._follows_site(column, few) and self._follows_site(column, slice(None))
        return self._describing[column.name]

    def _follows_site(self, column: Column, rows: slice) -> bool:
        if self.site is None:
            return False
        sites, width = self.site.codes[rows], len(self.site.levels)
        codes = Table(self.table.arrow.select([column.name])[rows], Schema((column,))).factorised(column.name)
        known = (codes >= 0) & (sites >= 0)
        pairs = distinct(codes[known].astype(np.int64) * width + sites[known])
        return len(pairs) > 0 and len(distinct(pairs % width)) == len(pairs)

    @cached_property
    def outcome(self) -> Values | None:
        """The first outcome, or else event, that has levels."""
        roles = (Role.OUTCOME, Role.EVENT)
        found = [column for role in roles for column in self.schema.with_role(role) if column.kind.is_nominal]
        return Values(self.table, found[0]) if found else None

    @cached_property
    def time(self) -> Column | None:
        """The follow-up time."""
        return self.schema.only(Role.TIME)

    @cached_property
    def starts(self) -> dict[str, Column]:
        """For each column that ends something, by its name, the column that starts it."""
        return starts_of(column for column in self.schema.columns if is_date(column) or is_number(column))

    @cached_property
    def periods(self) -> Periods | None:
        """The month of each row, where a date places the rows in calendar time."""
        return None if self.calendar is None else Periods.of(self.calendar)

    @cached_property
    def birth(self) -> Values | None:
        """The date of birth."""
        return self._first(is_birth)

    @cached_property
    def death(self) -> Values | None:
        """The date of death."""
        return self._first(is_death)

    @cached_property
    def last_seen(self) -> Values | None:
        """The date up to which each person was followed."""
        return self._first(is_last_seen)

    @cached_property
    def calendar(self) -> Values | None:
        """The date that places most rows in calendar time: an admission, a visit; not birth or death."""
        dated = [
            column
            for column in self.schema.columns
            if is_date(column) and not is_birth(column) and not is_death(column) and not is_last_seen(column)
        ]
        dated.sort(key=lambda column: INDEX.isdisjoint(words(column.name)))
        for column in dated:
            values = Values(self.table, column)
            if len(self) and values.missing_count <= 0.2 * len(self) and values.varies:
                return values
        return None

    def _first(self, suits: Callable[[Column], bool]) -> Values | None:
        found = next((column for column in self.schema.columns if suits(column)), None)
        return None if found is None else Values(self.table, found)
