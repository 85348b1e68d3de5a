"""Follow-up times as whole steps on a grid that all sites share, and the search for where the grid ends.

Times that add up over sites must stand in cells that are the same everywhere. With a step as fine as the times were
recorded (a day), the cells are the times themselves, and nothing is lost.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.errors import InvalidRecords, InvalidRequest
from cohortium.records import Kind, Schema

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

DAYS_IN = {"hours": 1 / 24, "days": 1.0, "weeks": 7.0, "months": 30.4375, "years": 365.25}
UNSTATED = "unit of the column"
POWERS = 18
"""The grid may have up to 2^17 steps: 359 years of days."""


@dataclass(frozen=True, slots=True)
class TimeGrid:
    """The times 0, step, 2 step, ...

    unit   : "days", or ``UNSTATED`` where the schema names no unit; the step is then in whatever the column is in.
    factor : what a value of the column is multiplied with to be in ``unit``.
    step   : length of a step, in ``unit``.
    """

    unit: str
    factor: float
    step: float

    @classmethod
    def of(cls, schema: Schema, column: str, step_days: float) -> TimeGrid:
        """The grid for a column of times.

        Raises : InvalidRequest where the column holds no length of time, or the step is not positive.
        """
        kind, unit = schema[column].kind, schema[column].unit
        if not kind.is_numeric or kind in (Kind.DATE, Kind.DATETIME):
            raise InvalidRequest(
                f"Column '{column}' is {kind}; a length of time was expected, such as days since the diagnosis."
            )
        if unit is not None and unit not in DAYS_IN:
            raise InvalidRequest(f"Column '{column}' is in {unit}; a unit of time was expected: {', '.join(DAYS_IN)}.")
        if not (step_days > 0 and math.isfinite(step_days)):
            raise InvalidRequest(f"The step of the grid must be a positive number of days, not {step_days}.")
        return cls(UNSTATED, 1.0, step_days) if unit is None else cls("days", DAYS_IN[unit], step_days)

    def places(self, values: NDArray[np.float64]) -> NDArray[np.int64]:
        """The grid time nearest to each value of the column, as a number of steps."""
        return np.rint(values * (self.factor / self.step)).astype(np.int64)

    def rounded(self, values: NDArray[np.float64]) -> int:
        """How many values do not lie on the grid, so that ``places`` moves them."""
        steps = values * (self.factor / self.step)
        return int((np.abs(steps - np.rint(steps)) > 1e-6).sum())

    def times(self, places: ArrayLike) -> NDArray[np.float64]:
        """Grid times in ``unit``."""
        return np.asarray(places, dtype=np.float64) * self.step

    def steps_until(self, time: float | None) -> int | None:
        """The last step at or before a time in ``unit``; None for None.

        Raises : InvalidRequest where that is not at least one step, or more than the grid may have.
        """
        if time is None:
            return None
        steps = math.floor(time / self.step + 1e-9) if math.isfinite(time) else 0
        if not 1 <= steps < 2**POWERS:
            raise InvalidRequest(
                f"A horizon of {time:g} at steps of {self.step:g} ({self.unit}) makes {steps:,} steps; between 1 and "
                f"{2**POWERS - 1:,} were expected. Choose another horizon or step."
            )
        return steps

    def steps_to_maximum(self, schema: Schema, column: str) -> int | None:
        """Steps up to the largest plausible value that the schema states; None where it states none."""
        maximum = schema[column].maximum
        return None if maximum is None else self.steps_until(math.ceil(maximum * self.factor / self.step) * self.step)

    def to_plain(self) -> dict[str, Any]:
        """JSON values, for a state."""
        return {"unit": self.unit, "factor": self.factor, "step": self.step}


def beyond_powers(places: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many places lie beyond each power of two steps, (POWERS,).

    Reveals : of the longest follow-up only between which powers of two it lies.
    """
    return np.array([(places > 2**power).sum() for power in range(POWERS)], dtype=np.int64)


def horizon_from(beyond: NDArray[np.int64], column: str) -> int:
    """The first power of two that nobody's time passes.

    Raises : InvalidRecords where some pass the last one.
    """
    if beyond[-1] > 0:
        raise InvalidRecords(
            f"{int(beyond[-1])} times in '{column}' are longer than {2 ** (POWERS - 1):,} steps of the grid. Check the "
            "column's unit in the schema file, or state a coarser step or a horizon."
        )
    return int(2 ** int(np.argmax(beyond <= 0)))
