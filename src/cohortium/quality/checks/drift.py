"""Does recording stay the same over calendar time?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cohortium.errors import NotApplicable, TooFewRecords
from cohortium.quality.columns import is_date, is_key, is_number
from cohortium.quality.findings import Dimension, Outcome
from cohortium.quality.inspection import Inspection
from cohortium.quality.steps import Step, largest_step
from cohortium.quality.values import Periods
from cohortium.quality.wording import percent
from cohortium.records import Column, Role
from cohortium.registry import check

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FEWEST = 50
"""Rows on each side of a step."""
_SURPRISE = 6.0
_ADVICE = (
    "Ask what changed then: a form, a device, a laboratory, a code list, a unit. Analyse the periods apart if need be."
)


def _periods(inspection: Inspection) -> Periods:
    if inspection.periods is None:
        raise NotApplicable("No date column places the rows in calendar time.")
    return inspection.periods


@check(
    "missingness_drift",
    asks=Dimension.TIME,
    severity="warn",
    title="Gaps are as frequent early as late",
    tolerates=0.02,
    advice=_ADVICE,
)
def missingness_drift(inspection: Inspection, column: Column) -> Outcome:
    """The share of missing values jumps at some month."""
    missing = inspection.values(column).missing
    periods = _periods(inspection)
    if missing.all() or not missing.any():
        raise NotApplicable("The column is empty." if len(inspection) and missing.all() else "Nothing is missing.")
    inside = periods.of_row >= 0
    step = _step(periods, inside, missing.astype(np.float64))
    if step.surprise < _SURPRISE or abs(step.after - step.before) < 0.15:
        return Outcome(0, int(inside.sum()))
    month = _month(periods, step)
    note = f"Missing in {percent(step.before)} of the rows before {month}, in {percent(step.after)} from then on"
    counts = np.bincount(periods.of_row[inside], minlength=len(periods.starts))
    higher = counts[: step.place].sum() if step.before > step.after else counts[step.place :].sum()
    excess = round(abs(step.after - step.before) * int(higher))
    return Outcome(excess, int(inside.sum()), f"{note} (by '{periods.dated}').", "rows beyond the lower rate")


@check(
    "value_drift",
    asks=Dimension.TIME,
    severity="warn",
    title="Values are alike early and late",
    applies=lambda column: not is_date(column) and (is_number(column) or column.kind.is_nominal) and not is_key(column),
    advice=_ADVICE,
)
def value_drift(inspection: Inspection, column: Column) -> Outcome:
    """The mean of a number, or the share of a level, jumps at some month."""
    periods = _periods(inspection)
    if column.has_role(Role.SITE) or inspection.describes_site(column):
        raise NotApplicable("The column describes the site; sites come and go.")
    if column.kind.is_nominal:
        return _level_drift(inspection, column, periods)
    numbers, usable = inspection.values(column).numbers, inspection.values(column).usable
    inside = (periods.of_row >= 0) & usable
    if inside.sum() < 2 * _FEWEST:
        raise TooFewRecords(f"{2 * _FEWEST} dated values or more are needed to see a jump.")
    low, high = np.quantile(numbers[inside], (0.01, 0.99))
    # A single slip of the pen must not look like a change of the laboratory.
    steady = np.clip(np.where(usable, numbers, np.nan), low, high)
    step = _step(periods, inside, steady)
    spread = float(steady[inside].std())
    if step.surprise < _SURPRISE or abs(step.after - step.before) < 0.5 * spread:
        return Outcome(0, int(inside.sum()))
    apart = abs(step.after - step.before) / spread
    way = "higher" if step.after > step.before else "lower"
    note = f"From {_month(periods, step)} on {way} by {apart:.1f} standard deviations (by '{periods.dated}')."
    return Outcome(step.rows, int(inside.sum()), note, "rows on the smaller side")


def _level_drift(inspection: Inspection, column: Column, periods: Periods) -> Outcome:
    values = inspection.values(column)
    inside = (periods.of_row >= 0) & (values.codes >= 0)
    common = np.argsort(-values.level_rows, kind="stable")[:8]
    best: tuple[Step, int] | None = None
    for code in common[values.level_rows[common] > 0]:
        step = _step(periods, inside, (values.codes == code).astype(np.float64))
        if best is None or abs(step.after - step.before) > abs(best[0].after - best[0].before):
            best = (step, int(code)) if step.surprise >= _SURPRISE else best
    if best is None or abs(best[0].after - best[0].before) < 0.2:
        return Outcome(0, int(inside.sum()))
    step, code = best
    name = inspection.named(values, np.array([code])) or "One level"
    note = f"{name}: {percent(step.before)} before {_month(periods, step)}, {percent(step.after)} from then on"
    return Outcome(step.rows, int(inside.sum()), f"{note} (by '{periods.dated}').", "rows on the smaller side")


def _step(periods: Periods, inside: NDArray[np.bool_], values: NDArray[np.float64]) -> Step:
    """The largest step of the monthly means; one that is none where the values do not vary."""
    places, chosen = periods.of_row[inside], values[inside]
    counts: NDArray[np.float64] = np.bincount(places, minlength=len(periods.starts)).astype(np.float64)
    sums: NDArray[np.float64] = np.bincount(places, weights=chosen, minlength=len(periods.starts)).astype(np.float64)
    if counts.sum() < 2 * _FEWEST:
        raise TooFewRecords(f"{2 * _FEWEST} dated rows or more are needed to see a jump.")
    found = largest_step(sums, counts, float(chosen.std()), _FEWEST)
    return found if found is not None else Step(0, 0.0, 0.0, 0.0, 0)


def _month(periods: Periods, step: Step) -> str:
    return str(periods.starts[step.place].astype("datetime64[M]"))
