"""dateShift: dates of one patient move together by whole days, so that intervals stay."""

from __future__ import annotations

from typing import Any

from cohortium.anonymise.fhir.dates import is_long_ago, moved
from cohortium.anonymise.fhir.methods.method import Applied, Context
from cohortium.anonymise.fhir.methods.redact import redact
from cohortium.anonymise.fhir.structure import DATES


def date_shift(value: Any, kind: str, path: str, holder: dict[str, Any], context: Context) -> Applied:
    """A date moved by the patient's shift; redacted where it is not exact, too long ago, or nobody's.

    Values of other types are redacted.
    """
    if kind not in DATES or not isinstance(value, str):
        return Applied(None, "redact")
    if context.shift_days is None or is_long_ago(value, context.today):
        return redact(value, kind, path, holder, context)
    shifted = moved(value, context.shift_days, keep_time=context.parameters.keep_time)
    return redact(value, kind, path, holder, context) if shifted is None else Applied(shifted, "dateShift")
