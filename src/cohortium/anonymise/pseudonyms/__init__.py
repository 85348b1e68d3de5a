"""Keyed pseudonyms: the same person, date shift and identifier in tables, notes, images and FHIR, by one secret key."""

from cohortium.anonymise.pseudonyms.key_ring import KeyRing

__all__ = ["KeyRing"]
