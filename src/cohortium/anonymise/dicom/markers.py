"""What a de-identified object says about itself, and its file about the program that wrote it (PS3.15, E.1.1)."""

from __future__ import annotations

from functools import cache
from struct import Struct
from typing import TYPE_CHECKING

from cohortium.anonymise.dicom.values import encoding_of

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from cohortium.anonymise.dicom.cleaning import Cleaner
    from cohortium.anonymise.dicom.profile import Profile

BASIC = ("113100", "Basic Application Confidentiality Profile")
CLEAN_PIXELS = ("113101", "Clean Pixel Data Option")
OPTIONS = {
    "graphics": ("113103", "Clean Graphics Option"),
    "structured": ("113104", "Clean Structured Content Option"),
    "descriptors": ("113105", "Clean Descriptors Option"),
    "full_dates": ("113106", "Retain Longitudinal Temporal Information Full Dates Option"),
    "modified_dates": ("113107", "Retain Longitudinal Temporal Information Modified Dates Option"),
    "patient": ("113108", "Retain Patient Characteristics Option"),
    "device": ("113109", "Retain Device Identity Option"),
    "uids": ("113110", "Retain UIDs Option"),
    "safe_private": ("113111", "Retain Safe Private Option"),
    "institution": ("113112", "Retain Institution Identity Option"),
}
CODES = 0x00120064
"""De-identification Method Code Sequence."""
IMPLEMENTATION = "2.25.199839234312164551581294572620283730508"
"""Identifies Cohortium as the writer of a file."""
VERSION = "COHORTIUM"
META = 0x0002
HEADER = Struct("<HH2sH").pack
FORMAT_VERSION = b"\x02\0\x01\0OB\0\0\x02\0\0\0\0\x01"
RAW_DATA = "1.2.840.10008.5.1.4.1.1.66"
"""Class of objects that do not name theirs."""


def mark(dataset: Dataset, profile: Profile, *, pixels_cleaned: bool) -> None:
    """Say that the patient's identity was removed, and by which profile and options."""
    from pydicom.dataelem import RawDataElement
    from pydicom.tag import BaseTag

    codes = [BASIC, *([CLEAN_PIXELS] if pixels_cleaned else []), *(OPTIONS[name] for name in profile.options)]
    encoding = encoding_of(dataset)
    data = _coded(tuple(sorted(codes)), *encoding)
    dataset[CODES] = RawDataElement(BaseTag(CODES), "SQ", len(data), data, 0, *encoding)
    dataset.PatientIdentityRemoved = "YES"
    dataset.DeidentificationMethod = "Cohortium, DICOM PS3.15 Annex E, table E.1-1"
    dataset.LongitudinalTemporalInformationModified = {"remove": "REMOVED", "modified": "MODIFIED"}.get(
        profile.dates, "UNMODIFIED"
    )
    if pixels_cleaned:
        dataset.BurnedInAnnotation = "NO"


@cache
def _coded(codes: tuple[tuple[str, str], ...], implicit: bool, little: bool) -> bytes:
    """The items of a sequence of codes, as they stand in a file."""
    from pydicom.dataset import Dataset
    from pydicom.filebase import DicomBytesIO
    from pydicom.filewriter import write_sequence_item

    stream = DicomBytesIO()
    stream.is_implicit_VR, stream.is_little_endian = implicit, little
    for value, meaning in codes:
        item = Dataset()
        item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "DCM", meaning
        write_sequence_item(stream, item, ["iso8859"])
    return stream.getvalue()


def fresh_meta(dataset: Dataset, syntax: str, cleaner: Cleaner) -> bytes:
    """File meta information anew, so that nothing of the sender's or of a maker's stays in it (PS3.10, 7.1)."""
    texts = (
        (0x02, b"UI", str(dataset.get("SOPClassUID") or RAW_DATA)),
        (0x03, b"UI", str(dataset.get("SOPInstanceUID") or cleaner.keys.uid("no instance"))),
        (0x10, b"UI", syntax),
        (0x12, b"UI", IMPLEMENTATION),
        (0x13, b"SH", VERSION),
    )
    data = FORMAT_VERSION + b"".join(_meta_element(number, vr, text) for number, vr, text in texts)
    return HEADER(META, 0, b"UL", 4) + len(data).to_bytes(4, "little") + data


def _meta_element(number: int, vr: bytes, text: str) -> bytes:
    value = text.encode("ascii", "replace")
    value += (b"\0" if vr == b"UI" else b" ") * (len(value) & 1)
    return HEADER(META, number, vr, len(value)) + value
