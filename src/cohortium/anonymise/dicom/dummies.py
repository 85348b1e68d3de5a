"""Values that say nothing, valid for each value representation (PS3.5, 6.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

DUMMY_TEXT = "REMOVED"
DUMMIES: dict[str, Any] = {
    "AE": "REMOVED", "AS": "000D", "CS": "REMOVED", "DA": "19000101", "DT": "19000101000000", "TM": "000000",
    "DS": "0", "IS": "0", "LO": "REMOVED", "LT": "REMOVED", "PN": "REMOVED", "SH": "REMOVED", "ST": "REMOVED",
    "UC": "REMOVED", "UT": "REMOVED", "UR": "urn:removed", "FD": 0.0, "FL": 0.0, "SL": 0, "SS": 0, "UL": 0, "US": 0,
    "SV": 0, "UV": 0, "AT": 0, "OB": b"\0\0", "OW": b"\0\0", "OD": b"\0" * 8, "OF": b"\0" * 4, "OL": b"\0" * 4,
    "OV": b"\0" * 8, "UN": b"",
}  # fmt: skip
EMPTY_PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Count 1/Kids[3 0 R]>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
)
"""One empty page, in the place of an encapsulated document."""


def dummy(vr: str) -> Any:
    """A value of this representation that says nothing."""
    return DUMMIES.get(vr.split(" ", 1)[0], "")


def dummy_items(keyword: str) -> list[Dataset]:
    """Items in the place of those of a sequence of codes or of content: a code or a text that says "removed"."""
    from pydicom.dataset import Dataset

    item = Dataset()
    if keyword == "ContentSequence":
        item.RelationshipType = "CONTAINS"
        item.ValueType = "TEXT"
        item.ConceptNameCodeSequence = dummy_items("ConceptNameCodeSequence")
        item.TextValue = DUMMY_TEXT
    elif keyword.endswith("CodeSequence"):
        item.CodeValue = "REMOVED"
        item.CodingSchemeDesignator = "99COHORTIUM"
        item.CodeMeaning = "Removed"
    else:
        return []
    return [item]
