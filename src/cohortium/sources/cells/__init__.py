"""What a written cell means: texts of a file to numbers, dates, booleans and levels, or "cannot be read"."""

from cohortium.sources.cells.booleans import boolean_pair, read_booleans
from cohortium.sources.cells.dates import ISO, DateTexts, read_dates
from cohortium.sources.cells.distinct import Distinct, distinct
from cohortium.sources.cells.durations import read_durations
from cohortium.sources.cells.numbers import plain_text, read_numbers
from cohortium.sources.cells.texts import as_texts, is_text, is_unreadable_type

__all__ = [
    "ISO",
    "DateTexts",
    "Distinct",
    "as_texts",
    "boolean_pair",
    "distinct",
    "is_text",
    "is_unreadable_type",
    "plain_text",
    "read_booleans",
    "read_dates",
    "read_durations",
    "read_numbers",
]
