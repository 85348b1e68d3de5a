"""DICOM files into files that may leave: attributes, private elements, structured reports, and text in pixels."""

from cohortium.anonymise.dicom.evidence import evidence_of
from cohortium.anonymise.dicom.folder import Settings, deidentify_folder
from cohortium.anonymise.dicom.profile import Box, Profile, load_profile
from cohortium.anonymise.dicom.reading import text_reader
from cohortium.anonymise.dicom.records import record_words
from cohortium.anonymise.dicom.tally import Tally

__all__ = [
    "Box",
    "Profile",
    "Settings",
    "Tally",
    "deidentify_folder",
    "evidence_of",
    "load_profile",
    "record_words",
    "text_reader",
]
