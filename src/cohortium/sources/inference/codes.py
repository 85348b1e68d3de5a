"""Whole numbers that are codes, grades or counts: told by the name, then by how few and how regular they are."""

from __future__ import annotations

from enum import Enum

import numpy as np

from cohortium.records import Kind
from cohortium.sources.inference.draft import Draft
from cohortium.sources.inference.names import CODE, COUNT, DISEASE_CODE, ORDERED, SEX, says, words

FEW = 7  # distinct whole numbers up to which an unnamed column is taken for one of levels
_QUANTITY_FIRST = frozenset(
    [
        "n",
        "num",
        "nb",
        "nr",
        "number",
        "count",
        "total",
        "time",
        "days",
        "weeks",
        "months",
        "years",
        "age",
        "sum",
        "anzahl",
    ]
)
_GROUP = frozenset(["grp", "group", "class", "category", "cat", "categories"])
_INDICATOR = frozenset(["male", "female", "ismale", "isfemale"])


class Whole(Enum):
    """What whole numbers turned out to be."""

    NUMBER = "number"
    BOOLEAN = "boolean"
    CODES = "codes"
    GRADES = "grades"
    ASK = "levels whose order the other columns must tell"


def judge(draft: Draft) -> tuple[Whole, str]:
    """What the whole numbers of ``draft`` are, and the reason."""
    values = np.sort(draft.amounts[draft.present])
    found = words(draft.name)
    few = f"{len(values):,} different whole numbers in {draft.filled:,} cells"
    if len(values) < 2:
        named = _by_name(found, 1, draft.filled) is Whole.CODES
        return Whole.CODES if named else Whole.NUMBER, "Only one value: the column is constant."
    if values.tolist() == [0.0, 1.0]:
        if says(draft.name, SEX) and not says(draft.name, _INDICATOR):
            return Whole.CODES, "The values are 0 and 1; the name speaks of a category, so they are codes."
        return Whole.BOOLEAN, "The values are 0 and 1."
    by_name = _by_name(found, len(values), draft.filled)
    if by_name is not None:
        return by_name, f"{few}; {_BECAUSE[by_name]}"
    if says(draft.name, DISEASE_CODE) and not says(draft.name, COUNT):
        return Whole.CODES, "The name speaks of a system of codes, so the numbers are codes."
    return _by_shape(values, draft.filled, few)


_BECAUSE = {
    Whole.NUMBER: "the name speaks of a count or a quantity.",
    Whole.GRADES: "the name speaks of a grade or stage.",
    Whole.CODES: "the name speaks of a code or category.",
    Whole.ASK: "the name speaks of groups.",
}


def _by_name(found: tuple[str, ...], different: int, filled: int) -> Whole | None:
    if not found:
        return None
    several = len(found) > 1
    if {"concept", "gene", "zip", "zipcode", "postcode", "plz", "postal"} & set(found):
        return Whole.CODES
    few = different <= max(50, min(filled / 20, 1000)) or different <= 20
    if found[-1] in ("id", "ids") and few:
        return Whole.CODES
    last, joined = found[-1], "".join(found)
    if several and found[0] in _QUANTITY_FIRST:
        return Whole.NUMBER
    if (last in ORDERED and different <= 20) or joined in ORDERED:
        return Whole.GRADES
    if last in _GROUP and different <= 20:
        return Whole.ASK
    if (last in CODE or joined in CODE) and few:
        return Whole.CODES
    if last in COUNT and joined != "num":
        return Whole.NUMBER
    if not ORDERED.isdisjoint(found) and different <= 20:
        return Whole.GRADES
    if several and not COUNT.isdisjoint(found):
        return Whole.NUMBER
    if not CODE.isdisjoint(found) and different <= 20:
        return Whole.CODES
    return None


def _by_shape(values: np.ndarray[tuple[int], np.dtype[np.float64]], filled: int, few: str) -> tuple[Whole, str]:
    if len(values) == 2 and filled >= 10:
        return Whole.CODES, f"Only two different whole numbers in {filled:,} cells: codes."
    if values[0] >= 1800 and values[-1] <= 2200:
        return Whole.NUMBER, f"All {len(values):,} different whole numbers lie between 1800 and 2200: years."
    if len(values) <= FEW and filled >= 5 * len(values):
        if (values % 5 == 0).all() and values[-1] >= 20:
            return Whole.NUMBER, f"{few}, all multiples of 5: a rounded quantity."
        if values[-1] - values[0] > 10 * len(values):
            return Whole.CODES, f"{few}, with wide gaps: codes."
        if values[0] > 1 and values[-1] - values[0] >= len(values):
            return Whole.CODES, f"{few}, with gaps and not from 0 or 1: codes."
        return Whole.ASK, f"{few}."
    if len(values) <= filled / 20 and np.abs(values[values != 0]).min() >= 1e6 and (values % 1000 != 0).mean() > 0.9:
        return Whole.CODES, f"{few}, all of many digits and often repeated: codes."
    return Whole.NUMBER, f"All {filled:,} values are whole numbers, {len(values):,} different ones."


KIND_OF = {
    Whole.NUMBER: Kind.INTEGER,
    Whole.BOOLEAN: Kind.BOOLEAN,
    Whole.CODES: Kind.CATEGORICAL,
    Whole.GRADES: Kind.ORDINAL,
    Whole.ASK: Kind.CATEGORICAL,
}
