"""Can the values be true?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cohortium.errors import NotApplicable, TooFewRecords
from cohortium.quality.columns import is_date, is_number
from cohortium.quality.findings import Dimension, Outcome
from cohortium.quality.inspection import Inspection
from cohortium.quality.quantities import quantity_of
from cohortium.quality.wording import percent
from cohortium.records import Column
from cohortium.registry import check

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FAR = 6.0
"""Standard deviations; beyond them lies one in a billion values of a normal distribution."""
_LONG_TAIL = 0.02
"""Share of values that far out, from which on they are the column's shape and not single slips."""
_FEWEST = 30


@check(
    "outside_plausible_range",
    asks=Dimension.PLAUSIBILITY,
    severity="fail",
    title="Values lie in the range that the schema calls plausible",
    applies=lambda column: column.kind.is_numeric,
    fails_above=0.01,
    advice="Look the records up at the source; correct them, or widen the range in the schema if they are true.",
)
def outside_plausible_range(inspection: Inspection, column: Column) -> Outcome:
    """Values below the minimum or above the maximum of the schema."""
    if column.minimum is None and column.maximum is None:
        raise NotApplicable("The schema states no minimum or maximum.")
    values = inspection.values(column).finite
    low = -np.inf if column.minimum is None else column.minimum
    high = np.inf if column.maximum is None else column.maximum
    return _beyond(values, low, high, "the range stated")


@check(
    "impossible_measurement",
    asks=Dimension.PLAUSIBILITY,
    severity="fail",
    title="Values are possible in a living person",
    applies=is_number,
    fails_above=0.001,
    advice="Look for slips of the decimal point, another unit, or a code for 'missing'; correct them at the source.",
)
def impossible_measurement(inspection: Inspection, column: Column) -> Outcome:
    """Values that no living person's measurement of this quantity and unit can be."""
    quantity = quantity_of(column.name)
    if quantity is None:
        raise NotApplicable("The name speaks of no quantity whose limits are known.")
    values = inspection.values(column).finite
    (low, high), unit = quantity.limits_of(values, column.unit)
    spoken = "" if unit == "1" else f" {unit}"
    limits = f"the limits of {quantity.called}, {low:g} to {high:g}{spoken} ({quantity.source})"
    return _beyond(values, low, high, limits)


@check(
    "infinite_values",
    asks=Dimension.PLAUSIBILITY,
    severity="fail",
    title="Numbers are finite",
    applies=is_number,
    advice="Infinite numbers come from a division by zero or a logarithm of zero; write them as missing.",
)
def infinite_values(inspection: Inspection, column: Column) -> Outcome:
    """Values that are plus or minus infinity, or as good as that."""
    values = inspection.values(column)
    known = int((~values.missing).sum())
    return Outcome(known - int(values.usable.sum()), known)


@check(
    "outliers",
    asks=Dimension.PLAUSIBILITY,
    severity="warn",
    title="No value stands far apart from the others",
    applies=is_number,
    tolerates=0.0005,
    advice="Look these records up; keep what is true, and prefer methods that single values cannot sway.",
)
def outliers(inspection: Inspection, column: Column) -> Outcome:
    """Values that stand far apart from all the others.

    Six standard deviations, measured on each side of the median from the nearer nine tenths of the values.
    """
    values = inspection.values(column).finite
    if len(values) < _FEWEST:
        raise TooFewRecords(f"{_FEWEST} values or more are needed to say what is far apart.")
    scores = _scores(values)
    low, high = int((scores < -_FAR).sum()), int((scores > _FAR).sum())
    if low + high > _LONG_TAIL * len(values):
        raise NotApplicable(
            f"The column has a long tail: {percent((low + high) / len(values))} of its values lie far out."
        )
    sides = [f"{rows:,} far {side}" for rows, side in ((low, "below"), (high, "above")) if rows]
    return Outcome(low + high, len(values), f"{' and '.join(sides)}." if sides else "")


def _scores(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance of the ascending ``values`` from their median, in standard deviations, each side by its own.

    The standard deviations are those of a normal distribution with the same 5th and 95th percentiles; of the
    logarithm, where the upper side is the wider by half.
    """
    low, centre, high = np.quantile(values, (0.05, 0.5, 0.95))
    if values[0] >= 0 < centre and high - centre > 1.5 * (centre - low):
        # A zero has no logarithm; where there are any, the median is the step.
        values = np.log(values if values[0] > 0 else 1 + values / centre)
        low, centre, high = np.quantile(values, (0.05, 0.5, 0.95))
    if not low < centre < high:
        raise NotApplicable("So many values are equal that there is no spread to measure by.")
    spreads = np.where(values < centre, centre - low, high - centre) / 1.645
    return np.asarray((values - centre) / spreads)


def _beyond(values: NDArray[np.float64], low: float, high: float, what: str) -> Outcome:
    below, above = int((values < low).sum()), int((values > high).sum())
    sides = [f"{rows:,} {side}" for rows, side in ((below, "below"), (above, "above")) if rows]
    return Outcome(below + above, len(values), f"{' and '.join(sides)} {what}." if sides else "")


@check(
    "impossible_date",
    asks=Dimension.PLAUSIBILITY,
    severity="fail",
    title="Dates lie within living memory",
    applies=is_date,
    fails_above=0.001,
    advice="Dates this early are defaults or slips of the century; correct them, or write them as missing.",
)
def impossible_date(inspection: Inspection, column: Column) -> Outcome:
    """Dates more than 123 years before the day of the inspection: nobody alive then is a patient now."""
    days = inspection.values(column).days
    known = days[~np.isnan(days)]
    return Outcome(int((known < inspection.today - 44_925).sum()), len(known))
