"""clean: text without the names, identifiers, telephone numbers and addresses of people who are known.

A method of Cohortium's own; it finds what stands in the records' structured fields and nothing else.
"""

from __future__ import annotations

from typing import Any

from cohortium.anonymise.fhir.methods.method import Applied, Context
from cohortium.anonymise.fhir.seeds import own_words_in, without


def clean(value: Any, _kind: str, _path: str, _holder: dict[str, Any], context: Context) -> Applied:
    """The text with a mark in the place of every seeded word; the same text where there is none."""
    if not isinstance(value, str):
        return Applied(value, "keep")
    places = list(context.people.seeds.found(value))
    if context.patient is not None and context.patient.words:
        places += own_words_in(value, context.patient.words)
    return Applied(without(value, places), "clean") if places else Applied(value, "keep")
