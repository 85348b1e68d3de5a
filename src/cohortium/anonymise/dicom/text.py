"""Text cleaned of a patient's words and, where it describes, of what looks like names, dates and numbers of people."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from cohortium.anonymise.dicom.dates import moved_date
from cohortium.anonymise.dicom.matcher import REPLACEMENT, Matcher

FREE_TEXT = frozenset({"LO", "LT", "SH", "ST", "UC", "UT"})
CODES = frozenset({"AE", "CS", "UR"})
LONGEST = {"SH": 16, "LO": 64, "AE": 16, "CS": 16, "ST": 1024, "LT": 10240}
STRUCTURAL = frozenset(
    {
        "SpecificCharacterSet", "ImageType", "Modality", "PhotometricInterpretation", "PresentationIntentType",
        "ConversionType", "PatientSex", "ValueType", "RelationshipType", "ContinuityOfContent", "CompletionFlag",
        "VerificationFlag", "CodingSchemeDesignator", "FrameType", "LossyImageCompression", "BurnedInAnnotation",
        "PatientIdentityRemoved", "LongitudinalTemporalInformationModified", "PixelPresentation",
        "LossyImageCompressionMethod", "TemporalRangeType", "GraphicType", "RescaleType", "VOILUTFunction",
        "PresentationLUTShape", "MRAcquisitionType", "ScanningSequence", "SequenceVariant", "ContentQualification",
    }
)  # fmt: skip
"""Codes with a closed list of values, without which readers cannot understand an object."""

MOVED = "\ue000"
_DAY = re.compile(r"(?<!\d)(?:(\d{4})([-./]?)(\d{2})\2(\d{2})|(\d{1,2})([-./])(\d{1,2})\6(\d{4}|\d{2}))(?!\d)")
_NAMED_DAY = re.compile(
    r"\b(?:\d{1,2}\.?[\s-]*)?(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mär|mai|okt|dez)[a-zä]*\.?"
    r"[\s,-]*(?:\d{1,2}(?:st|nd|rd|th)?,?[\s-]+)?\d{4}\b",
    re.IGNORECASE,
)
_OTHERS = (
    re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+"),
    re.compile(r"\b(?:https?://|www\.)\S+", re.IGNORECASE),
    re.compile(r"(?<!\w)(?:\+|\(?0)\d[\d\s()/-]{5,}\d(?!\w)|(?<!\w)\(?\d{3}\)?[\s.-]\d{3}[\s.-]\d{4}(?!\w)"),
    re.compile(r"\b[A-Z]{0,4}[-:#]?\d{5,}\b"),
    re.compile(
        r"\b(?:Drs?|Prof|Mr|Mrs|Ms|Miss|Herr|Frau|Mme|Monsieur|Signora?|Sig|Dott|Sra?)\b\.?\s+(?:(?:Dr|Prof)\b\.?\s+)?"
        r"[^\W\d_][\w'’-]+(?:\s+[A-ZÄÖÜÉÈ][\w'’-]+)?"
    ),
    re.compile(
        r"\b(?i:patient(?:'s)?(?:\s+name)?|name|mrn|pid|dob|born|ssn|acc(?:ession)?|physician|by|for)\s*[:=#]\s*"
        r"[^\s,;]+(?:,?\s+[A-ZÄÖÜÉÈ][\w'’-]+){0,2}"
    ),
)


@dataclass(frozen=True, slots=True)
class TextCleaner:
    """Cleans the text of one patient's objects.

    days : by how many days dates in text move; None where they go.
    more : another cleaner that descriptions pass through, such as one for clinical notes.
    """

    matcher: Matcher
    days: int | None = None
    more: Callable[[str], str] | None = None

    def seeded(self, text: str, vr: str) -> str:
        """Text without the patient's words; a code that holds one is emptied."""
        if not self.matcher.found(text):
            return text
        if vr in CODES:
            return ""
        return self.matcher.without(text)[: LONGEST.get(vr)]

    def described(self, text: str, vr: str) -> str:
        """A description without the patient's words, and without what looks like a name, a date or a number."""
        text = self.seeded(text, vr).replace(MOVED, "")
        if vr in CODES:
            return text
        days: list[str] = []
        text = _NAMED_DAY.sub(REPLACEMENT, _DAY.sub(lambda found: self._day(found, days), text))
        for pattern in _OTHERS:
            text = pattern.sub(REPLACEMENT, text)
        for day in days:
            text = text.replace(MOVED, day, 1)
        return (self.more(text) if self.more else text)[: LONGEST.get(vr)]

    def _day(self, found: re.Match[str], days: list[str]) -> str:
        """A mark in the place of a day that moves, so that no other pattern takes its numbers for somebody's."""
        if self.days is None or not found[1] or self.matcher.found(found[0]):
            return REPLACEMENT
        later = moved_date(found[1] + found[3] + found[4], self.days)
        if not later:
            return REPLACEMENT
        days.append(found[2].join((later[:4], later[4:6], later[6:])))
        return MOVED
