"""What the values of a column look like, by its name and by their form."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from cohortium.anonymise.tables.building.atc import is_atc
from cohortium.anonymise.tables.building.icd10 import is_icd10
from cohortium.anonymise.tables.hierarchy import MISSING

ENOUGH = 0.95
"""Share of the different values that must have a form before the column counts as having it."""
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_AGE = {"age", "alter", "edad", "eta", "leeftijd", "ageyears", "ageyrs"}
_POSTCODE = {"zip", "zipcode", "plz", "postcode", "postal", "postleitzahl", "cap"}
_YEAR = {"year", "jahr", "yob", "annee", "anno"}


def names_age(name: str) -> bool:
    """Whether a column's name speaks of an age in years."""
    return bool(_words(name) & _AGE)


def names_postcode(name: str) -> bool:
    """Whether a column's name speaks of a postcode."""
    return bool(_words(name) & _POSTCODE)


def names_year(name: str) -> bool:
    """Whether a column's name speaks of a calendar year."""
    return bool(_words(name) & _YEAR)


def look_like_icd10(values: Sequence[str]) -> bool:
    """Whether nearly all values have the form of an ICD-10 code."""
    return _share(values, is_icd10) >= ENOUGH


def look_like_atc(values: Sequence[str]) -> bool:
    """Whether nearly all values have the form of an ATC code, and most of them of a substance or its group."""
    return _share(values, is_atc) >= ENOUGH and _share(values, lambda value: len(value) >= 5) > 0.5


def look_like_postcodes(values: Sequence[str]) -> bool:
    """Whether nearly all values are short and have a digit, as postcodes of most countries do."""
    return _share(values, lambda value: 3 <= len(value) <= 10 and any(map(str.isdigit, value))) >= ENOUGH


def _share(values: Sequence[str], has: Callable[[str], bool]) -> float:
    known = [value for value in values if value != MISSING]
    return sum(map(has, known)) / len(known) if known else 0.0


def _words(name: str) -> set[str]:
    return {word.lower() for word in _WORD.findall(name)}
