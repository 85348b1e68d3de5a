"""Pseudonyms for the ids and identifiers of FHIR, in the form that the original had."""

from __future__ import annotations

import re
import uuid
from functools import lru_cache

from cohortium.anonymise.pseudonyms import KeyRing

NAMED = frozenset(("Patient", "Practitioner", "PractitionerRole", "Organization", "Location", "RelatedPerson", "Person",
                   "Device", "Group", "HealthcareService", "CareTeam"))  # fmt: skip
"""Types whose pseudonyms are of a kind of their own; all others are records."""
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$", re.IGNORECASE)
_OID = re.compile(r"[0-2](?:\.(?:0|[1-9]\d*)){2,}$")
_REMEMBERED = 1 << 18


class Pseudonyms:
    """The same value of the same type has the same pseudonym: a UUID for a UUID, a UID for an OID, else 16 letters.

    UUIDs and OIDs are unique in the world, so their pseudonyms do not depend on the type, which "urn:uuid:" lacks.
    An OID's pseudonym is that of the same DICOM UID; a patient's is that of the same key in tables and notes.
    """

    def __init__(self, ring: KeyRing) -> None:
        self.ring = ring
        self.of = lru_cache(maxsize=_REMEMBERED)(self._of)

    def _of(self, type_name: str, value: str) -> str:
        if value.startswith(("urn:uuid:", "urn:oid:")):
            prefix, _, rest = value.rpartition(":")
            return f"{prefix}:{self._of(type_name, rest)}"
        if _UUID.match(value):
            return str(uuid.UUID(bytes=self.ring.bytes_for("fhir/uuid", value.lower())[:16], version=4))
        if _OID.match(value):
            return self.ring.uid(value)
        return self.ring.pseudonym(kind_of(type_name), value)


def kind_of(type_name: str) -> str:
    """The kind of pseudonym for ids and identifiers of a type of resource."""
    if type_name in NAMED or type_name in ("contained", "server", "version"):
        return type_name.lower()
    return "record"
