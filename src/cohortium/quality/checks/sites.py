"""Do the sites record the same thing in the same way?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cohortium.errors import NotApplicable, TooFewRecords
from cohortium.quality.columns import is_level, is_number
from cohortium.quality.findings import Dimension, Outcome, counted
from cohortium.quality.inspection import Inspection
from cohortium.quality.quantities import factors_of
from cohortium.quality.values import Values
from cohortium.records import Column, Role
from cohortium.registry import check

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FEWEST = 30
"""Values that a site must have to be compared."""
_APART, _APART_BY_UNIT = 3.0, 1.5
"""Spreads between the median of a site and that of the others from which on another unit or device is likely: of any
kind; and where the ratio is that of two units."""


def _site(inspection: Inspection, column: Column) -> Values:
    if inspection.site is None:
        raise NotApplicable("No column has the role of a site, or there is only one site.")
    if column.has_role(Role.SITE) or inspection.describes_site(column):
        raise NotApplicable("The column describes the site.")
    return inspection.site


@check(
    "level_of_one_site",
    asks=Dimension.CONFORMANCE,
    severity="warn",
    title="All sites use the same levels",
    applies=is_level,
    advice="Ask the site what it means by the level, and map it to one that all sites use.",
)
def level_of_one_site(inspection: Inspection, column: Column) -> Outcome:
    """Levels that one site uses often and the other sites, large enough to expect some, never use."""
    site = _site(inspection, column)
    values = inspection.values(column)
    both = (site.codes >= 0) & (values.codes >= 0)
    shape = (len(values.levels), len(site.levels))
    if shape[0] * shape[1] > 5_000_000:
        raise NotApplicable("There are too many levels and sites to compare them all.")
    cells = values.codes[both].astype(np.int64) * shape[1] + site.codes[both]
    rows = np.bincount(cells, minlength=shape[0] * shape[1]).reshape(shape)
    users, at_site, of_level = (rows > 0).sum(axis=1), rows.sum(axis=0), rows.sum(axis=1)
    home = rows.argmax(axis=1)
    rate = of_level / np.maximum(at_site[home], 1)
    expected_elsewhere = rate * (at_site.sum() - at_site[home])
    found = np.flatnonzero((users == 1) & (of_level >= 10) & (expected_elsewhere >= 20))
    note = f"{counted(len(found), 'level')}{_among(inspection, values, found)}." if len(found) else ""
    return Outcome(int(of_level[found].sum()), int(rows.sum()), note)


def _among(inspection: Inspection, values: Values, found: NDArray[np.int64]) -> str:
    named = inspection.named(values, found)
    return f": {named}" if named else ""


@check(
    "site_scale",
    asks=Dimension.CONFORMANCE,
    severity="warn",
    title="Numbers are of one size at all sites",
    applies=is_number,
    advice="Ask the site for the unit and the device; convert before the sites are put together.",
)
def site_scale(inspection: Inspection, column: Column) -> Outcome:
    """Values at sites whose median lies far from that of the others, as after a change of unit."""
    site = _site(inspection, column)
    numbers = inspection.values(column).numbers
    usable = inspection.values(column).usable & (site.codes >= 0)
    parts = {code: numbers[usable & (site.codes == code)] for code in np.unique(site.codes[usable])[:200]}
    parts = {code: part for code, part in parts.items() if len(part) >= _FEWEST}
    if len(parts) < 2:
        raise TooFewRecords(f"Two sites or more, with {_FEWEST} values each, are needed to compare.")
    medians = {code: float(np.median(part)) for code, part in parts.items()}
    spreads = {code: float(np.subtract(*np.quantile(part, (0.75, 0.25)))) / 1.349 for code, part in parts.items()}
    failed, notes = 0, []
    for code, part in parts.items():
        centre = float(np.median([value for other, value in medians.items() if other != code]))
        usual = max(spreads[code], float(np.median([value for other, value in spreads.items() if other != code])))
        factor = _unit_factor(column, medians[code], centre)
        if usual <= 0 or abs(medians[code] - centre) < (_APART_BY_UNIT if factor else _APART) * usual:
            continue
        failed += len(part)
        notes.append(_where(inspection, site, int(code)) + _ratio(medians[code], centre, factor))
    # Of two sites neither is the usual one, so both are named but each counts for its own rows.
    return Outcome(failed, int(usable.sum()), "; ".join(notes[:5]) + ("." if notes else ""))


def _where(inspection: Inspection, site: Values, code: int) -> str:
    return inspection.named(site, np.array([code])) or "a small site"


def _unit_factor(column: Column, median: float, centre: float) -> float | None:
    if median <= 0 or centre <= 0:
        return None
    apart = abs(np.log(median / centre))
    return next((one for one in factors_of(column.name) if abs(apart - np.log(one)) < 0.12), None)


def _ratio(median: float, centre: float, factor: float | None) -> str:
    if median <= 0 or centre <= 0:
        return " lies far from the others"
    size = "larger" if median > centre else "smaller"
    unit = f", near {factor:g}: another unit would do that" if factor else ""
    return f" is {size} by a factor of {max(median / centre, centre / median):.2g}{unit}"
