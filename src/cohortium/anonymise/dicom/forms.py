"""What values of numbers, times and identifiers are written with (PS3.5, 6.2): in the place of one, text can hide."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from cohortium.anonymise.dicom.values import change_texts

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

LETTERS = {
    "DS": r"0-9+\-.eE ",
    "IS": r"0-9+\-.eE ",
    "UI": r"0-9.",
    "DA": r"0-9.\-/ ",
    "DT": r"0-9.+\- ",
    "TM": r"0-9.:\- ",
}
_ONE = {vr: re.compile(rf"[{letters}]*") for vr, letters in LETTERS.items()}
_MANY = {vr: re.compile(rf"[{letters}\\\0]*".encode()) for vr, letters in LETTERS.items()}


def empty_ill_formed(dataset: Dataset, raw: Any, vr: str) -> bool:
    """Empty the values of an element that are none of its representation; whether there were any."""
    if raw.is_raw and isinstance(raw.value, bytes) and _MANY[vr].fullmatch(raw.value):
        return False
    return change_texts(dataset, raw, vr, lambda text: text if _ONE[vr].fullmatch(text) else "")


@cache
def representations() -> frozenset[str]:
    """All that the standard knows, and the dictionary's words for those that depend on others ("US or SS")."""
    from pydicom.valuerep import VR

    return frozenset(str(vr.value) for vr in VR)
