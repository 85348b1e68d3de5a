"""FHIR R4 under rules in Microsoft's vocabulary: bundles and bulk files into records that may leave."""

from cohortium.anonymise.fhir.anonymiser import Anonymiser
from cohortium.anonymise.fhir.configuration import Configuration, Parameters, load_configuration, read_configuration
from cohortium.anonymise.fhir.evidence import evidence_of
from cohortium.anonymise.fhir.folder import Anonymised, anonymise_folder, parts_of
from cohortium.anonymise.fhir.methods.encryption import decrypt
from cohortium.anonymise.fhir.people import People

__all__ = [
    "Anonymised",
    "Anonymiser",
    "Configuration",
    "Parameters",
    "People",
    "anonymise_folder",
    "decrypt",
    "evidence_of",
    "load_configuration",
    "parts_of",
    "read_configuration",
]
