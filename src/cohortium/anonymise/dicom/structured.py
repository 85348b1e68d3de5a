"""Structured reports: content items that say who a person is, by the concept that names them (PS3.16, context)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cohortium.anonymise.dicom.dummies import DUMMY_TEXT

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

WHO = frozenset(
    {
        "121008", "121009", "121010", "121011", "121013", "121016", "121017", "121019", "121020", "121021", "121022",
        "121024", "121025", "121029", "121030", "121031", "121036", "121088", "121089", "121091", "122183", "122186",
    }
)  # fmt: skip
"""DCM codes of observers, subjects, procedures' numbers and places: names, organisations, identifiers, birth dates."""


def empty_identity(item: Dataset) -> None:
    """Replace the text of a content item that names a person, a place or a number of theirs."""
    concepts = item.get("ConceptNameCodeSequence") or ()
    if any(str(concept.get("CodeValue", "")) in WHO for concept in concepts) and "TextValue" in item:
        item.TextValue = DUMMY_TEXT
