"""Who was followed from when until when, and how it ended: the outcome that all survival methods read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from cohortium.analyse.design import complete, levels_of
from cohortium.analyse.survival.time_grid import TimeGrid
from cohortium.errors import InvalidRecords, InvalidRequest
from cohortium.records import Schema, Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_CELLS = 10_000


@dataclass(frozen=True, slots=True)
class FollowUp:
    """Complete rows with their times as steps of a grid.

    records : the n rows, none of whose columns in use is missing.
    enters  : (n,) at risk after this step; -1 from the start.
    leaves  : (n,) at risk up to and including this step; at least one more than ``enters``.
    cause   : (n,) 0 where follow-up ended without an event, else 1, 2, ... for the cause.
    rounded : times moved to the grid, which lay between its steps.
    beyond  : rows followed beyond the last step; they are censored there.
    """

    records: Table
    enters: NDArray[np.int64]
    leaves: NDArray[np.int64]
    cause: NDArray[np.int64]
    rounded: int
    beyond: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """The columns that say how long a person was followed and how it ended.

    time   : column of lengths of time.
    event  : boolean, nominal, or numeric (0 and 1) column.
    causes : groups of levels of ``event``, each of which is a cause; all other levels mean censored. Where empty there
             is one cause: true, 1, or the second of two levels.
    entry  : column of the times at which persons came under observation (left truncation), in the unit of ``time``.
    """

    time: str
    event: str
    causes: tuple[tuple[str, ...], ...] = ()
    entry: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it reads."""
        return (self.time, self.event) if self.entry is None else (self.time, self.event, self.entry)

    def check(self, schema: Schema) -> None:
        """Raises InvalidRequest where the event column cannot be read as these causes."""
        column = schema[self.event]
        if not self.causes:
            if column.kind.is_nominal and len(levels_of(schema, self.event)) != 2:
                raise InvalidRequest(
                    f"The event column '{self.event}' has {len(levels_of(schema, self.event))} levels; two were "
                    "expected. Name in 'event_levels' those that count as the event."
                )
            return
        known = levels_of(schema, self.event)
        unknown = [level for cause in self.causes for level in cause if level not in known]
        if unknown:
            raise InvalidRequest(f"The event column '{self.event}' has no level {unknown}; it has {list(known)}.")

    def read(self, records: Table, grid: TimeGrid, last: int, also: Sequence[str] = ()) -> FollowUp:
        """The follow-up of the rows without a missing value here and in the columns ``also``, up to step ``last``.

        Raises : InvalidRecords where a time is negative, an entry not before its end, or an event no 0 or 1.
        """
        rows = complete(records, [*self.columns, *also])
        times, cause = rows.numeric(self.time), self._cause(rows)
        _require(times >= 0, f"times in '{self.time}' are negative; none may be")
        leaves, enters = grid.places(times), np.full(len(rows), -1, dtype=np.int64)
        rounded = grid.rounded(times)
        if self.entry is not None:
            entries = rows.numeric(self.entry)
            _require(entries < times, f"times in '{self.entry}' are not before '{self.time}' in the same row")
            # A stay shorter than a step must still be at risk at its own end.
            enters = np.maximum(np.minimum(grid.places(entries), leaves - 1), -1)
            kept = enters < last
            rows, enters, leaves, cause = rows.take(kept), enters[kept], leaves[kept], cause[kept]
        late = leaves > last
        return FollowUp(
            rows, enters, np.minimum(leaves, last), np.where(late, 0, cause), rounded, int(np.count_nonzero(late))
        )

    def _cause(self, rows: Table) -> NDArray[np.int64]:
        if rows.schema[self.event].kind.is_nominal:
            codes, levels = rows.codes(self.event)
            cause_of = np.zeros(len(levels), dtype=np.int64)
            for place, cause in enumerate(self.causes or ((levels_of(rows.schema, self.event)[1],),), start=1):
                for level in cause:
                    cause_of[levels.index(level)] = place
            return cause_of[codes]
        values = rows.numeric(self.event)
        _require((values == 0) | (values == 1), f"values in '{self.event}' are neither 0 nor 1")
        return values.astype(np.int64)


def cell_names(schema: Schema, columns: Sequence[str]) -> tuple[str, ...]:
    """Names of all combinations of the levels of nominal columns, the last column changing fastest; "all" for none.

    Raises : InvalidRequest where there are more than ten thousand.
    """
    levels = [levels_of(schema, name) for name in columns]
    count = int(np.prod([len(one) for one in levels], dtype=np.float64))
    if count > MOST_CELLS:
        raise InvalidRequest(f"The columns {list(columns)} have {count:,} combinations of levels; use fewer columns.")
    return tuple(", ".join(one) for one in product(*levels)) if columns else ("all",)


def cell_codes(records: Table, columns: Sequence[str]) -> NDArray[np.int64]:
    """Which combination each row (n,) belongs to, in the order of ``cell_names``; rows must be complete."""
    codes = np.zeros(len(records), dtype=np.int64)
    for name in columns:
        codes = codes * len(levels_of(records.schema, name)) + records.codes(name)[0]
    return codes


def _require(holds: NDArray[np.bool_], complaint: str) -> None:
    broken = int((~holds).sum())
    if broken:
        raise InvalidRecords(f"{broken} {complaint}. Correct them at the site, or leave those rows out.")
