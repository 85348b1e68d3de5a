"""Rules that find identifying text by its form: one file per kind of text, patterns in every language."""

from __future__ import annotations

from cohortium.anonymise.notes.recognisers.contacts import contacts
from cohortium.anonymise.notes.recognisers.dates import dates
from cohortium.anonymise.notes.recognisers.identifiers import identifiers
from cohortium.anonymise.notes.recognisers.people import people
from cohortium.anonymise.notes.recognisers.places import places
from cohortium.anonymise.notes.span import Span

RECOGNISERS = (dates, contacts, identifiers, places, people)

__all__ = ["RECOGNISERS", "recognised"]


def recognised(text: str, code: str) -> tuple[Span, ...]:
    """What every rule finds in ``text``; spans may overlap, and those with low scores are hints."""
    return tuple(span for recogniser in RECOGNISERS for span in recogniser(text, code))
