"""OMOP CDM 5.3 and 5.4 under rules by table and column, in DuckDB: real tables into tables that may leave."""

from cohortium.anonymise.omop.columns import CdmColumn, cdm
from cohortium.anonymise.omop.evidence import evidence_of
from cohortium.anonymise.omop.folder import Anonymised, anonymise_cdm
from cohortium.anonymise.omop.permutation import KeyedPermutation
from cohortium.anonymise.omop.profile import Profile, load_profile, read_profile

__all__ = [
    "Anonymised",
    "CdmColumn",
    "KeyedPermutation",
    "Profile",
    "anonymise_cdm",
    "cdm",
    "evidence_of",
    "load_profile",
    "read_profile",
]
