"""Whose object it is: pseudonym, movement of dates and words to take out, the same for all objects of a patient."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cohortium.anonymise.dicom.matcher import Matcher
from cohortium.anonymise.dicom.text import TextCleaner

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from cohortium.anonymise.dicom.profile import Profile
    from cohortium.anonymise.pseudonyms import KeyRing


@dataclass(frozen=True, slots=True)
class Patient:
    """One patient of a folder.

    days : by how many days dates move.
    """

    pseudonym: str
    days: int
    matcher: Matcher
    cleaner: TextCleaner


def patient_key(dataset: Dataset) -> str:
    """What tells patients apart: the patient's number; without one, name and date of birth; without these, the study.

    Stripped, as tables and notes have it, so that a patient has one pseudonym everywhere.
    """
    number = str(dataset.get("PatientID") or "").strip()
    if number:
        return number
    name, born = (str(dataset.get(keyword) or "").strip() for keyword in ("PatientName", "PatientBirthDate"))
    if name:
        return f"{name}|{born}"
    return f"study {dataset.get('StudyInstanceUID') or dataset.get('SOPInstanceUID') or 'unknown'}"


def known_patient(
    key: str, words: Iterable[str], profile: Profile, keys: KeyRing, more: Callable[[str], str] | None = None
) -> Patient:
    """The patient with this key, of whose objects and records these words are known."""
    days = keys.shift_days(key, profile.most_days)
    matcher = Matcher(words)
    cleaner = TextCleaner(matcher, days if profile.dates == "modified" else None, more)
    return Patient(keys.pseudonym("patient", key), days, matcher, cleaner)
