"""ICD-10 codes told as categories, tens of a letter, chapters.

Source : WHO, International Statistical Classification of Diseases, 10th revision, volume 1: the ranges of the chapters.
         Where the American modification ends a chapter some codes later, the later end stands here: both fit.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from cohortium.anonymise.tables.building.layers import layered
from cohortium.anonymise.tables.hierarchy import MISSING, Hierarchy
from cohortium.errors import InvalidRequest

CODE = re.compile(r"([A-Z])(\d)([0-9A-Z])(?:\.?[0-9A-Z]{1,4})?[-+*!]?", re.IGNORECASE)
CHAPTERS = (
    ("A0", "A00-B99"), ("C0", "C00-D49"), ("D5", "D50-D89"), ("E0", "E00-E90"), ("F0", "F00-F99"), ("G0", "G00-G99"),
    ("H0", "H00-H59"), ("H6", "H60-H95"), ("I0", "I00-I99"), ("J0", "J00-J99"), ("K0", "K00-K95"), ("L0", "L00-L99"),
    ("M0", "M00-M99"), ("N0", "N00-N99"), ("O0", "O00-O99"), ("P0", "P00-P96"), ("Q0", "Q00-Q99"), ("R0", "R00-R99"),
    ("S0", "S00-T98"), ("U0", "U00-U99"), ("V0", "V00-Y99"), ("Z0", "Z00-Z99"),
)  # fmt: skip
"""First letter and digit of each chapter, and its range."""


def icd10(column: str, values: Sequence[str]) -> Hierarchy:
    """Code, category (I21), tens of a letter (I2), chapter (I00-I99), star.

    The tens are those of the code alone, not the named blocks of the classification.
    Raises : InvalidRequest telling how many values are no ICD-10 codes.
    """
    wrong = sum(not is_icd10(value) for value in set(values) - {MISSING})
    if wrong:
        raise InvalidRequest(f"{wrong} different values of '{column}' are no ICD-10 codes. Choose another builder.")
    return layered(column, values, [lambda value: value[:3].upper(), lambda value: value[:2].upper(), chapter])


def is_icd10(value: str) -> bool:
    """Whether a text has the form of an ICD-10 code, with or without its point."""
    return CODE.fullmatch(value) is not None


def chapter(code: str) -> str:
    """The range of the chapter that a code belongs to."""
    start = code[:2].upper()
    return next(name for first, name in reversed(CHAPTERS) if first <= start)
