"""Which images may show text or a face, as far as their attributes tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from cohortium.anonymise.dicom.profile import Profile

SECONDARY = "1.2.840.10008.5.1.4.1.1.7"
"""Secondary Capture Image Storage and, with more behind it, its multi-frame kinds."""
OVERLAY = "an overlay lies in its pixels"
SCREENS = ("SCREEN", "CAPTURE", "REFORMATTED_REPORT", "DOSE")
HEADS = ("HEAD", "BRAIN", "SKULL", "FACE", "NEURO", "CEREBR", "SCHAEDEL", "SCHÄDEL", "KOPF", "CRANE", "ORBIT", "SINUS")
VOLUMES = frozenset({"CT", "MR", "PT"})


def why_suspicious(dataset: Dataset, profile: Profile) -> str:
    """Why the pixels may show text: "" where nothing says so."""
    if str(dataset.get("BurnedInAnnotation") or "").upper() == "YES":
        return "it says so"
    if _has_overlay_bits(dataset):
        return OVERLAY
    kinds = str(dataset.get("ImageType") or "").upper()
    if any(word in kinds for word in SCREENS):
        return "a picture of a screen"
    if str(dataset.get("BurnedInAnnotation") or "").upper() == "NO":
        return ""
    if str(dataset.get("SOPClassUID") or "").startswith(SECONDARY) or dataset.get("ConversionType"):
        return "a secondary capture"
    modality = str(dataset.get("Modality") or "").upper()
    if modality in profile.suspicious or not modality:
        return "of a modality whose images often show text"
    return ""


def shows_a_head(dataset: Dataset) -> bool:
    """Whether slices of a volume may show a head, from which a face can be made."""
    if str(dataset.get("Modality") or "").upper() not in VOLUMES:
        return False
    said = " ".join(str(dataset.get(keyword) or "") for keyword in
                    ("BodyPartExamined", "StudyDescription", "SeriesDescription", "ProtocolName"))  # fmt: skip
    return any(word in said.upper() for word in HEADS)


def _has_overlay_bits(dataset: Dataset) -> bool:
    return any(
        tag.group & 0xFF00 == 0x6000 and tag.element == 0x0102 and (dataset[tag].value or 0) != 0
        for tag in list(dataset.keys())
    )
