"""Privacy models, one per file: what a release must be like before anybody may have it."""

from cohortium.anonymise.tables.models.k_anonymity import KAnonymity
from cohortium.anonymise.tables.models.protocol import Classes, ClassModel, ReleaseModel

__all__ = ["ClassModel", "Classes", "KAnonymity", "ReleaseModel"]
