"""redact: the value goes; as the parameters allow, a year, an age up to 89 or three digits of a postal code stay."""

from __future__ import annotations

import re
from typing import Any

from cohortium.anonymise.fhir.dates import OLDEST, is_long_ago, year_of
from cohortium.anonymise.fhir.methods.method import Applied, Context
from cohortium.anonymise.fhir.structure import DATES

_UNITS_PER_YEAR = {"a": 1.0, "mo": 12.0, "wk": 365.25 / 7, "d": 365.25, "h": 365.25 * 24, "min": 365.25 * 24 * 60}


def redact(value: Any, kind: str, path: str, holder: dict[str, Any], context: Context) -> Applied:
    """Source : docs/FHIR-anonymization.md, "Parameters"."""
    parameters = context.parameters
    if kind in DATES and isinstance(value, str) and parameters.partial_dates and kind != "instant":
        # An instant cannot be less exact than a second, so nothing valid of it could stay.
        return Applied(None if is_long_ago(value, context.today) else year_of(value), "redact")
    if path.endswith(".postalCode") and isinstance(value, str) and parameters.partial_zips:
        return Applied(_three_digits(value, parameters.restricted_zips), "abstract")
    return Applied(None, "redact")


def redact_age(value: Any, _kind: str, _path: str, holder: dict[str, Any], context: Context) -> Applied:
    """The number of an Age: ages up to 89 may stay, the unit counts."""
    if not context.parameters.partial_ages or isinstance(value, bool) or not isinstance(value, int | float):
        return Applied(None, "redact")
    years = value / _UNITS_PER_YEAR.get(str(holder.get("code", "a")), 1.0)
    return Applied(value, "keep") if years < OLDEST + 1 else Applied(None, "redact")


def _three_digits(code: str, restricted: tuple[str, ...]) -> str | None:
    if len(code) < 3:
        return None
    kept = 0 if code.startswith(restricted) else 3
    return code[:kept] + re.sub(r"\w", "0", code[kept:])
