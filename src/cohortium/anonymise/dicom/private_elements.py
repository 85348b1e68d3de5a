"""Private attributes: removed, except those known to be safe where the profile keeps these (PS3.15, E.3.10).

The list in ``data/safe_private.csv`` is the standard's sample (table E.3.10-1) without its bulk data, sequences and
identifiers, which may hold a whole header of their maker's.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from cohortium.anonymise.dicom.attributes import PRIVATE, rows
from cohortium.anonymise.dicom.text import FREE_TEXT

if TYPE_CHECKING:
    from pydicom.dataset import Dataset
    from pydicom.tag import BaseTag

    from cohortium.anonymise.dicom.tally import Tally
    from cohortium.anonymise.dicom.text import TextCleaner

Known = tuple[int, int, str]
NUMBERS = frozenset({"DS", "IS", "FD", "FL", "SL", "SS", "UL", "US", "SV", "UV"})
KEPT = NUMBERS | FREE_TEXT | {"CS"}


@cache
def safe_private() -> dict[Known, str]:
    """(group, element in its block, creator) -> value representation, of the standard's list."""
    return {(int(row["group"], 16), int(row["element"], 16), row["creator"]): row["vr"] for row in rows("safe_private")}


def treat_private(
    dataset: Dataset, tags: list[BaseTag], safe: dict[Known, str], cleaner: TextCleaner, tally: Tally
) -> None:
    """Remove the private elements of one level, but keep ``safe`` ones of simple kinds and clean their text."""
    if not safe:
        for tag in tags:
            del dataset[tag]
        tally.actions[PRIVATE, "Private Attributes", "X"] += len(tags)
        return
    creators = _creators(dataset, tags)
    blocks: set[tuple[int, int]] = set()
    for tag in tags:
        if (tag.group, tag.element) in creators:
            continue
        block = (tag.group, tag.element >> 8)
        vr = safe.get((tag.group, tag.element & 0xFF, creators.get(block, "")))
        if vr is not None and _kept(dataset, tag, vr, cleaner):
            blocks.add(block)
            tally.actions[PRIVATE, "Private Attributes", "C"] += 1
        else:
            del dataset[tag]
            tally.actions[PRIVATE, "Private Attributes", "X"] += 1
    for tag in tags:
        if (tag.group, tag.element) in creators and (tag.group, tag.element) not in blocks:
            del dataset[tag]
            tally.actions[PRIVATE, "Private Attributes", "X"] += 1


def _creators(dataset: Dataset, tags: list[BaseTag]) -> dict[tuple[int, int], str]:
    return {(tag.group, tag.element): str(dataset[tag].value).strip() for tag in tags if 0x10 <= tag.element <= 0xFF}


def _kept(dataset: Dataset, tag: BaseTag, vr: str, cleaner: TextCleaner) -> bool:
    raw: Any = dataset.get_item(tag)
    if vr and raw.VR in (None, "UN") and hasattr(raw, "_replace"):
        dataset[tag] = raw._replace(VR=vr)
    element = dataset[tag]
    if element.VR not in KEPT or vr not in ("", element.VR):
        return False
    if element.VR in NUMBERS:
        return True
    text = str(element.value or "")
    cleaned = cleaner.seeded(text, element.VR)
    if cleaned != text:
        element.value = cleaned
    return True
