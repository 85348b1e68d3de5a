"""Times to an event, some of them censored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cohortium.errors import InvalidRecords, NotApplicable
from cohortium.records.schema import Role
from cohortium.records.table import Table

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Survival:
    """Follow-up of n persons.

    durations : (n,) time under observation, in ``unit``.
    events    : (n,) True where the event was seen, False where follow-up ended before it (censored).
    """

    durations: NDArray[np.float64]
    events: NDArray[np.bool_]
    unit: str = "days"

    def __post_init__(self) -> None:
        if self.durations.shape != self.events.shape:
            raise InvalidRecords(f"{len(self.durations)} durations came with {len(self.events)} event flags.")
        if (self.durations < 0).any():
            raise InvalidRecords(f"{int((self.durations < 0).sum())} durations are negative; none may be.")

    @classmethod
    def of(cls, table: Table) -> Survival:
        """The survival outcome that the schema's roles ``time`` and ``event`` name; rows missing either are left out.

        The event is "seen" where the event column is true, 1, or its second level.
        Raises : NotApplicable where the schema names no time or no event, or a time is negative.
        """
        time, event = table.schema.only(Role.TIME), table.schema.only(Role.EVENT)
        if time is None or event is None:
            raise NotApplicable("Survival needs a column with the role 'time' and one with the role 'event'.")
        durations = table.numeric(time.name)
        if event.kind.is_nominal:
            codes, levels = table.codes(event.name)
            if len(levels) > 2:
                raise NotApplicable(f"The event column '{event.name}' has {len(levels)} levels; two were expected.")
            seen = np.where(codes < 0, np.nan, codes.astype(np.float64))
        else:
            seen = table.numeric(event.name)
        known = ~(np.isnan(durations) | np.isnan(seen))
        negative = int((durations[known] < 0).sum())
        if negative:
            raise NotApplicable(f"{negative} follow-up times in '{time.name}' are negative, so no curve can be drawn.")
        return cls(durations[known], seen[known] == 1.0, time.unit or "days")

    def __len__(self) -> int:
        return len(self.durations)
