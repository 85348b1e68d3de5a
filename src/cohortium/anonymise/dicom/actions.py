"""Which action holds for an attribute: the row of the table, the profile's options, the attribute's type."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING

from cohortium.anonymise.dicom.attributes import attribute_of, type_in
from cohortium.errors import InvalidRequest

if TYPE_CHECKING:
    from cohortium.anonymise.dicom.profile import Profile

DATES = frozenset({"DA", "DT", "TM"})
CHOICE = {
    "X/Z": {"1": "Z", "2": "Z", "3": "X"},
    "X/D": {"1": "D", "2": "D", "3": "X"},
    "Z/D": {"1": "D", "2": "Z", "3": "Z"},
    "X/Z/D": {"1": "D", "2": "Z", "3": "X"},
    "X/Z/U*": {"1": "U", "2": "Z", "3": "X"},
}
"""What a combined action comes to for an attribute of type 1, 2 or 3 (PS3.15, E.3, the notes on action codes)."""

STRUCTURAL_UIDS = frozenset(
    {
        "CodingSchemeUID", "ContextUID", "ContextGroupExtensionCreatorUID", "MappingResourceUID", "TransferSyntaxUID",
        "EncryptedContentTransferSyntaxUID", "MACCalculationTransferSyntaxUID", "AvailableTransferSyntaxUID",
        "CodeSetExtensionCreatorUID", "PrivateInformationCreatorUID",
    }
)  # fmt: skip
"""Identifiers of codes and encodings; like those of SOP classes they are no instance's."""


def is_structural(keyword: str) -> bool:
    """Whether an identifier says of what kind a thing is rather than which thing it is."""
    return keyword in STRUCTURAL_UIDS or keyword.endswith(("ClassUID", "ClassesUID", "ClassUIDs", "ClassesInStudy"))


class Action(StrEnum):
    """The action codes of PS3.15, E.3."""

    REMOVE = "X"
    EMPTY = "Z"
    DUMMY = "D"
    KEEP = "K"
    CLEAN = "C"
    UID = "U"


class Rules:
    """The actions of one profile, each decided once.

    What no row names stays where the standard's dictionary knows it, except names, dates and identifiers of things,
    which are treated as their likes are; what the dictionary does not know goes.

    Raises : InvalidRequest where the profile names an attribute that does not exist.
    """

    def __init__(self, profile: Profile) -> None:
        from pydicom.datadict import tag_for_keyword

        if unknown := sorted(keyword for keyword in profile.attributes if tag_for_keyword(keyword) is None):
            raise InvalidRequest(f"The profile '{profile.title}' names attributes that DICOM does not have: {unknown}.")
        self._own = profile.attributes
        self._options = profile.options
        self._keeps_uids = "uids" in profile.retain
        self._dates = {"remove": Action.DUMMY, "modified": Action.CLEAN, "full": Action.KEEP}[profile.dates]
        self.of = lru_cache(maxsize=65536)(self._of)

    def _of(self, tag: int, keyword: str, vr: str, sop_class: str, nested: bool) -> Action:
        """The action for a standard attribute; private ones are decided in ``private_elements``.

        sop_class : of the object; decides the type of attributes that do not lie in a sequence.
        """
        if keyword in self._own:
            return Action(self._own[keyword])
        row = attribute_of(tag)
        if row is None:
            return self._unlisted(keyword, vr)
        actions = {row.options[option] for option in self._options if option in row.options}
        if "C" in actions:
            return Action.CLEAN
        if actions:
            return Action(min(actions))
        if row.basic in CHOICE:
            kind = "" if nested else type_in(row.keyword, sop_class)
            return Action(CHOICE[row.basic][kind or "1"])
        return Action(row.basic)

    def _unlisted(self, keyword: str, vr: str) -> Action:
        if not keyword:
            return Action.REMOVE
        if vr == "PN":
            return Action.EMPTY
        if vr == "UI":
            return Action.KEEP if self._keeps_uids or is_structural(keyword) else Action.UID
        if vr in DATES:
            return self._dates
        return Action.KEEP
