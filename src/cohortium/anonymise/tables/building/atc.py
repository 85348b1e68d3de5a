"""Drugs told by the levels of their ATC code: substance, chemical, pharmacological, therapeutic group, organ.

Source : WHO Collaborating Centre for Drug Statistics Methodology, Guidelines for ATC classification: the five levels.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from cohortium.anonymise.tables.building.layers import layered
from cohortium.anonymise.tables.hierarchy import MISSING, Hierarchy
from cohortium.errors import InvalidRequest

LENGTHS = (5, 4, 3, 1)
"""Characters of levels 4 to 1; level 5 is the whole code of seven."""
CODE = re.compile(r"[A-Z](?:\d\d(?:[A-Z](?:[A-Z](?:\d\d)?)?)?)?", re.IGNORECASE)


def atc(column: str, values: Sequence[str]) -> Hierarchy:
    """Level 5 (as given), 4, 3, 2, 1, star. A shorter code stays itself where a level would need more of it.

    Raises : InvalidRequest telling how many values are no ATC codes.
    """
    wrong = sum(not is_atc(value) for value in set(values) - {MISSING})
    if wrong:
        raise InvalidRequest(f"{wrong} different values of '{column}' are no ATC codes. Choose another builder.")
    return layered(column, values, [lambda value, most=most: value[:most].upper() for most in LENGTHS])  # type: ignore[misc]


def is_atc(value: str) -> bool:
    """Whether a text has the form of an ATC code of any level."""
    return CODE.fullmatch(value) is not None
