"""Is there a value where one is expected?"""

from __future__ import annotations

import numpy as np

from cohortium.errors import NotApplicable, TooFewRecords
from cohortium.quality.findings import Dimension, Outcome
from cohortium.quality.inspection import Inspection
from cohortium.quality.values import Values
from cohortium.quality.wording import percent
from cohortium.records import Column, Role
from cohortium.registry import check

_SMALLEST_GROUP = 30
"""Persons in a group that is compared; as they are ten or more, the group may be named."""
_MOST_GROUPS = 200


@check(
    "empty_column",
    asks=Dimension.COMPLETENESS,
    severity="fail",
    title="The column holds values",
    advice="Find out whether the export lost the column or the item was never recorded; drop it, or export again.",
)
def empty_column(inspection: Inspection, column: Column) -> Outcome:
    """No row has a value."""
    rows, missing = len(inspection), inspection.values(column).missing_count
    if not rows:
        raise NotApplicable("The table has no rows.")
    return Outcome(rows if missing == rows else 0, rows, "No row has a value." if missing == rows else "")


@check(
    "missing_share",
    asks=Dimension.COMPLETENESS,
    severity="fail",
    title="Most rows have a value",
    tolerates=0.1,
    fails_above=0.5,
    advice="Ask the source why values are missing, and note the reason; analyses that need the column lose these rows.",
)
def missing_share(inspection: Inspection, column: Column) -> Outcome:
    """Rows without a value."""
    rows, missing = len(inspection), inspection.values(column).missing_count
    if missing == rows:
        raise NotApplicable("The column is empty altogether." if rows else "The table has no rows.")
    return Outcome(missing, rows)


@check(
    "missing_person_key",
    asks=Dimension.COMPLETENESS,
    severity="fail",
    title="Every row names its person",
    applies=lambda column: column.has_role(Role.PERSON_KEY),
    advice="Restore the key, or remove these rows: nothing can be done per person with them.",
)
def missing_person_key(inspection: Inspection, column: Column) -> Outcome:
    """Rows that do not say which person they belong to."""
    return Outcome(inspection.values(column).missing_count, len(inspection))


@check(
    "missing_by_site",
    asks=Dimension.COMPLETENESS,
    severity="warn",
    title="Every site records the column alike",
    applies=lambda column: not column.has_role(Role.SITE),
    tolerates=0.02,
    advice="Ask the sites whether they measure it at all; results then rest on the sites that do.",
)
def missing_by_site(inspection: Inspection, column: Column) -> Outcome:
    """Values are missing far more often at some sites than at others."""
    if inspection.site is None:
        raise NotApplicable("No column has the role of a site.")
    return _uneven(inspection, column, inspection.site, "the site")


@check(
    "missing_by_outcome",
    asks=Dimension.COMPLETENESS,
    severity="warn",
    title="Missing values do not depend on the outcome",
    applies=lambda column: not (column.has_role(Role.OUTCOME) or column.has_role(Role.EVENT)),
    tolerates=0.02,
    advice="Do not drop incomplete rows, or the rest is another sample of persons. Model why values are missing.",
)
def missing_by_outcome(inspection: Inspection, column: Column) -> Outcome:
    """Values are missing far more often with one outcome than with another: they may not be missing at random."""
    if inspection.outcome is None:
        raise NotApplicable("No column with levels has the role of an outcome or event.")
    return _uneven(inspection, column, inspection.outcome, f"'{inspection.outcome.column.name}'")


def _uneven(inspection: Inspection, column: Column, by: Values, called: str) -> Outcome:
    """Rows that are missing beyond the rate of the group where fewest are, if the groups truly differ."""
    missing = inspection.values(column).missing
    if missing.all() or not missing.any():
        raise NotApplicable("The column is empty." if len(inspection) and missing.all() else "Nothing is missing.")
    known = by.codes >= 0
    large = np.flatnonzero(inspection.carriers(by.codes, len(by.levels)) >= _SMALLEST_GROUP)
    if not 2 <= len(large) <= _MOST_GROUPS:
        raise TooFewRecords(f"Two groups or more, of {_SMALLEST_GROUP} persons each, are needed to compare.")
    rows = by.level_rows[large]
    rates = np.bincount(by.codes[known & missing], minlength=len(by.levels))[large] / rows
    overall = float((rates * rows).sum() / rows.sum())
    # Squared, each gap is a chi-squared of one degree; 6 standard errors are beyond chance in any number of columns.
    surprise = np.abs(rates - overall) / np.sqrt(np.maximum(overall * (1 - overall), 1e-12) / rows)
    low, high = int(np.argmin(rates)), int(np.argmax(rates))
    considered = int(rows.sum())
    if surprise.max() < 6 or rates[high] - rates[low] < 0.1:
        return Outcome(0, considered)
    excess = int(np.round((rows * (rates - rates[low])).sum()))
    most, fewest = (by.levels[large[place]] for place in (high, low))
    note = f"Missing in {percent(rates[high])} of the rows where {called} is '{most}', in {percent(rates[low])} "
    note += f"where it is '{fewest}'."
    return Outcome(excess, considered, note, "rows beyond the lowest rate")
