"""Do the values show how they were written down: rounded by hand, or in mixed units?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cohortium.errors import NotApplicable, TooFewRecords
from cohortium.quality import modes
from cohortium.quality.columns import is_date, is_number
from cohortium.quality.counting import distinct
from cohortium.quality.findings import Dimension, Outcome
from cohortium.quality.inspection import Inspection
from cohortium.quality.quantities import factors_of, quantity_of
from cohortium.quality.wording import percent
from cohortium.records import Column, Role
from cohortium.registry import check
from cohortium.sources.inference.names import words

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FEWEST, _NEARLY_ALL = 200, 0.98


@check(
    "digit_preference",
    asks=Dimension.PLAUSIBILITY,
    severity="warn",
    title="Last digits are used evenly",
    applies=is_number,
    tolerates=0.2,
    advice="Values were rounded by hand or estimated; do not use cut-offs at round numbers, and expect heaps in plots.",
)
def digit_preference(inspection: Inspection, column: Column) -> Outcome:
    """Values rounded by hand: some last digits are far more frequent than chance would make them."""
    values = inspection.values(column).finite
    values = values[values != 0]
    if len(values) < _FEWEST:
        raise TooFewRecords(f"{_FEWEST} values other than zero are needed to judge last digits.")
    whole, decimals = _last_digits(values)
    if np.subtract(*np.quantile(whole, (0.75, 0.25))) < 20:
        raise NotApplicable("The values span too few steps of their last digit.")
    shares = np.bincount((whole % 10).astype(np.int64), minlength=10) / len(whole)
    excess = float(np.maximum(shares - 0.1, 0).sum())
    return Outcome(round(excess * len(whole)), len(whole), _preference(shares, decimals))


def _preference(shares: NDArray[np.float64], decimals: int) -> str:
    preferred = tuple(int(digit) for digit in np.flatnonzero(shares > 0.15))
    if not preferred:
        return ""
    # A step of ten last digits is 1 for a column with one digit after the point, 10 for one of whole numbers.
    step = {(0,): 10, (0, 5): 5, (0, 2, 4, 6, 8): 2}.get(preferred)
    which = f"are multiples of {step * 10.0**-decimals:g}" if step else f"end in {' or '.join(map(str, preferred))}"
    return f"{percent(shares[list(preferred)].sum())} {which}; by chance {percent(0.1 * len(preferred))} would."


def _last_digits(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], int]:
    """The values in steps of the last digit that nearly all of them carry, and that digit's place after the point.

    The place is negative where all end in zeros. Values with more digits than that are left out.
    """
    for decimals in range(-3, 5):
        scaled = np.abs(values) * 10.0**decimals
        rounded = np.round(scaled)
        fits = np.abs(scaled - rounded) < 1e-6 * np.maximum(1.0, 1e-6 * scaled)
        if fits.mean() >= _NEARLY_ALL:
            return rounded[fits], decimals
    raise NotApplicable("The values are not rounded to a fixed number of digits.")


@check(
    "date_preference",
    asks=Dimension.TIME,
    severity="warn",
    title="Days of the month are used evenly",
    applies=is_date,
    tolerates=0.05,
    advice="Days were filled in where only the month or year was known; do not count days between such dates.",
)
def date_preference(inspection: Inspection, column: Column) -> Outcome:
    """Dates put on the 1st or the 15th of a month far more often than chance would."""
    days = inspection.values(column).days
    days = days[~np.isnan(days)]
    if len(days) < _FEWEST or len(distinct(days.astype(np.int64))) < 60:
        raise TooFewRecords(f"{_FEWEST} dates or more, on 60 days or more, are needed to judge preferences.")
    dates = days.astype("datetime64[D]")
    of_month = (dates - dates.astype("datetime64[M]")).astype(np.int64) + 1
    shares = np.array([np.mean(of_month == day) for day in (1, 15)])
    excess = float(np.maximum(shares - 12 / 365.25, 0).sum())
    return Outcome(
        round(excess * len(days)), len(days), f"{percent(shares[0])} on the 1st, {percent(shares[1])} on the 15th."
    )


@check(
    "mixed_units",
    asks=Dimension.PLAUSIBILITY,
    severity="warn",
    title="The column is in one unit",
    applies=is_number,
    advice="Find out which site, device or period used another unit, and convert before anything else is done.",
)
def mixed_units(inspection: Inspection, column: Column) -> Outcome:
    """Two heaps of values of one shape whose medians differ by a known factor between units."""
    if column.has_role(Role.TIME) or not {"time", "tstart", "tstop"}.isdisjoint(words(column.name)):
        raise NotApplicable("Times come in heaps of their own.")
    factors = factors_of(column.name)
    if not factors:
        raise NotApplicable("The quantity is measured in one unit all over the world.")
    different, rows = inspection.values(column).distinct
    positive = different > 0
    values = np.repeat(different[positive], rows[positive])
    if len(values) < modes.FEWEST or len(values) < 0.9 * rows.sum():
        raise TooFewRecords(f"{modes.FEWEST} values above zero, and few others, are needed to see two heaps.")
    if positive.sum() < 30 or rows[positive].max() > 0.2 * len(values):
        raise NotApplicable("The values are too few or too often the same to tell heaps from single values.")
    # Where the name says nothing of the quantity, a small second heap is not enough to suspect a unit.
    least = 0.005 if quantity_of(column.name) else 0.1
    found = modes.split_by_factor(values, factors, least)
    if found is None:
        return Outcome(0, len(values))
    return Outcome(found[0], len(values), f"Two heaps, their medians apart by a factor near {found[1]:g}.")
