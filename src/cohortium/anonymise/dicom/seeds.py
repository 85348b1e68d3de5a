"""Words that name a patient or those around them, drawn from an object's own header or given by the caller.

They are what cleaned text is searched for, and what the files that come out are searched for again.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

from cohortium.anonymise.dicom.attributes import rows
from cohortium.anonymise.dicom.dates import DAY
from cohortium.anonymise.dicom.values import entry, items_of, representation, texts_of

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

IDENTIFIERS = frozenset(
    {
        "PatientID", "OtherPatientIDs", "AccessionNumber", "AdmissionID", "ServiceEpisodeID", "IssuerOfPatientID",
        "PlacerOrderNumberImagingServiceRequest", "FillerOrderNumberImagingServiceRequest", "RequestedProcedureID",
        "ScheduledProcedureStepID", "PerformedProcedureStepID", "MedicalRecordLocator", "InsurancePlanIdentification",
        "PatientTelephoneNumbers", "PatientTelecomInformation", "PersonTelephoneNumbers", "StudyID",
        "SpecimenIdentifier",
        "ContainerIdentifier", "ResponsibleOrganization",
    }
)  # fmt: skip
PLACES = frozenset(
    {
        "PatientAddress", "PersonAddress", "ReferringPhysicianAddress", "RegionOfResidence",
        "CurrentPatientLocation", "PatientInstitutionResidence",
    }
)  # fmt: skip
INSTITUTIONS = frozenset({"InstitutionName", "InstitutionAddress", "InstitutionalDepartmentName"})
DEVICES = frozenset({"DeviceSerialNumber", "StationName", "DetectorID", "GantryID"})
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
SHORTEST_NAME, SHORTEST_NUMBER = 2, 3


def header_words(dataset: Dataset, retained: Iterable[str] = ()) -> set[str]:
    """Words of an object's own header, at any depth, that name the patient, staff, or (unless retained) the place."""
    words: set[str] = set()
    _collect(dataset, frozenset(retained), words)
    return words


def words_of_values(values: Iterable[str]) -> set[str]:
    """Words of values that a caller gives (names, numbers, addresses, dates of birth), whole and in parts."""
    words: set[str] = set()
    for value in values:
        words |= _birth_date(value) if DAY.fullmatch(value) else _name(value)
    return words


def _collect(dataset: Dataset, retained: frozenset[str], words: set[str]) -> None:
    kinds = _kinds()
    for tag, raw in list(dataset.items()):
        kind = kinds.get(int(tag), "")
        if not kind:
            kind = "name" if raw.VR == "PN" else "nested" if raw.VR == "SQ" else ""
        if kind == "nested":
            for item in items_of(dataset[tag]):
                _collect(item, retained, words)
        elif kind and kind not in retained:
            for text in texts_of(dataset, raw, representation(raw, entry(int(tag))[1])):
                words |= _WORDS[kind](text.strip())


def _name(text: str) -> set[str]:
    parts: set[str] = set()
    for group in re.split(r"[=^]", text):
        whole = group.strip()
        pieces = [whole, *re.split(r"[\s,;.'’\-/()]+", whole)]
        parts |= {piece for piece in pieces if len(piece) >= SHORTEST_NAME}
    return _kept(parts)


def _identifier(text: str) -> set[str]:
    return _kept({text} if len(text) >= SHORTEST_NUMBER else set())


def _place(text: str) -> set[str]:
    words = {word for word in re.split(r"[\s,;./()\-]+", text) if len(word) > 3 and not word.isdecimal()}
    return _kept(
        {text, *(word for word in words if word.casefold() not in common_words("places"))} if len(text) > 3 else set()
    )


def _birth_date(text: str) -> set[str]:
    found = DAY.fullmatch(text)
    if found is None:
        return set()
    year, month, day = found.groups()
    if not 1 <= int(month) <= len(MONTHS):
        return set()
    name, bare = MONTHS[int(month) - 1], str(int(day))
    forms = {f"{year}{month}{day}", *(mark.join(order) for mark in "-./" for order in
             ((year, month, day), (day, month, year), (month, day, year)))}  # fmt: skip
    for written in (name, name[:3]):
        forms |= {f"{bare} {written} {year}", f"{written} {bare}, {year}", f"{day}-{written}-{year}"}
    return {form.casefold() for form in forms}


_WORDS = {
    "name": _name,
    "identifier": _identifier,
    "place": _place,
    "institution": _place,
    "device": lambda text: _identifier(text) if len(text) > SHORTEST_NUMBER else set(),
    "birth": _birth_date,
}


def _kept(words: set[str]) -> set[str]:
    """Lower-case forms, with and without accents and umlauts, of words that may name somebody."""
    forms: set[str] = set()
    for word in words:
        small = word.casefold()
        if small not in common_words("nobody") and any(letter.isalnum() for letter in small):
            forms |= {small, plain_letters(small), _umlauts(small)}
    return forms


def plain_letters(text: str) -> str:
    """The text without accents."""
    return "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))


def _umlauts(text: str) -> str:
    return text.translate({ord("ä"): "ae", ord("ö"): "oe", ord("ü"): "ue", ord("ø"): "oe", ord("å"): "aa"})


@cache
def common_words(of: str) -> frozenset[str]:
    """Words that are nobody's: those written where a name is missing ("nobody"), in the names of many "places", and
    in the "codes" of the standard that every file has."""
    return frozenset(row["word"] for row in rows("common_words") if row["of"] == of)


@cache
def _kinds() -> dict[int, str]:
    from pydicom.datadict import DicomDictionary  # type: ignore[attr-defined]

    kinds: dict[int, str] = {}
    for tag, (vr, _, _, _, keyword) in DicomDictionary.items():
        if vr == "PN":
            kinds[tag] = "name"
        elif vr == "SQ":
            kinds[tag] = "nested"
        elif keyword in IDENTIFIERS:
            kinds[tag] = "identifier"
        elif keyword in PLACES:
            kinds[tag] = "place"
        elif keyword in INSTITUTIONS:
            kinds[tag] = "institution"
        elif keyword in DEVICES:
            kinds[tag] = "device"
        elif keyword == "PatientBirthDate":
            kinds[tag] = "birth"
    return kinds
