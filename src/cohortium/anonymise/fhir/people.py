"""Whom each resource belongs to, and what resources exist: learnt from all records before the first is changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cohortium.anonymise.fhir.forms import objects, text_of
from cohortium.anonymise.fhir.pseudonyms import NAMED
from cohortium.anonymise.fhir.references import identifier_key, key_of
from cohortium.anonymise.fhir.seeds import Seeds, details_of, names_of

PEOPLE = frozenset(("Patient", "Practitioner", "RelatedPerson", "Person"))
_OWNERS = ("subject", "patient", "beneficiary", "for", "individual", "candidate", "actor", "who", "subscriber")
_SEVERAL = "several"


@dataclass(frozen=True, slots=True)
class Patient:
    """A patient as the rules need one.

    key   : what the date shift follows from: the id, or the identifier that the configuration names.
    words : the single words of the patient's names.
    birth : the birth date as it stands, "" where there is none.
    """

    key: str
    words: frozenset[str] = frozenset()
    birth: str = ""


class People:
    """Patients by reference, the patient of every resource, the types of identifiers, and seeded words of all people.

    It holds a few short texts per resource in memory: some 300 bytes.
    """

    def __init__(self, identifier_system: str = "") -> None:
        self.identifier_system = identifier_system
        self.patients: dict[str, Patient] = {}
        self.seeds = Seeds()
        self.types: dict[str, str] = {}
        self._owner: dict[str, str] = {}

    def learn(self, resource: dict[str, Any], full_url: str = "") -> None:
        """Take in one resource (not a bundle), before ``patient_of`` is asked for any."""
        kind, own = resource["resourceType"], f"{resource['resourceType']}/{resource.get('id', '')}"
        keys = [own, *([key_of(full_url) or full_url] if full_url else [])]
        if kind in NAMED:
            for identifier in _identifiers(resource):
                self.types[identifier] = kind
                keys.append(identifier)
        owner = own if kind == "Patient" else self._named_owner(resource)
        for key in keys:
            self._owner[key] = owner
        if kind in PEOPLE:
            self._learn_person(kind, own, resource)

    def exists(self, reference: str) -> bool | None:
        """Whether a reference leads to a resource among the records; None where it cannot be told."""
        key = key_of(reference)
        if key is None:
            return None
        return key in self._owner

    def patient_of(self, resource: dict[str, Any]) -> Patient | None:
        """The one patient whom a resource belongs to; None where it is nobody's, or several patients'."""
        if resource["resourceType"] == "Patient":
            return self._patient(f"Patient/{resource.get('id', '')}")
        if resource["resourceType"] == "Bundle":
            return None
        owner = self._resolved(self._named_owner(resource), 4)
        if not owner:
            found = {self._resolved(key, 4) for key in _references(resource)} - {""}
            owner = found.pop() if len(found) == 1 else ""
        return None if owner in ("", _SEVERAL) else self._patient(owner)

    def _patient(self, key: str) -> Patient:
        if key not in self.patients:
            self.patients[key] = Patient(key.rpartition("/")[2])
        return self.patients[key]

    def _resolved(self, key: str, steps: int) -> str:
        """The patient's reference that a key leads to, over at most so many resources."""
        if key.startswith("Patient/") or key == _SEVERAL:
            return key
        if not key or not steps:
            return ""
        return self._resolved(self._owner.get(key, ""), steps - 1)

    def _named_owner(self, resource: dict[str, Any]) -> str:
        named = {key for field in _OWNERS for key in _references(resource.get(field))}
        if not named and resource["resourceType"] in NAMED:
            return ""
        patients = {key for key in named if key.startswith("Patient/")} or named
        if len(patients) > 1:
            return _SEVERAL
        if patients:
            return patients.pop()
        return next(iter(_references(resource.get("encounter") or resource.get("context"))), "")

    def _learn_person(self, kind: str, own: str, resource: dict[str, Any]) -> None:
        whole, words = names_of(resource)
        for contact in objects(resource.get("contact")):
            whole += [*names_of(contact)[0], *details_of(contact)]
        for text in (*whole, *details_of(resource), str(resource.get("id", ""))):
            self.seeds.add(text)
        if kind == "Patient":
            chosen = [text_of(one.get("value")) for one in objects(resource.get("identifier"))
                      if self.identifier_system and one.get("system") == self.identifier_system]  # fmt: skip
            key = next((value for value in chosen if value), str(resource.get("id", "")))
            self.patients[own] = Patient(key, words, str(resource.get("birthDate", "")))


def _identifiers(resource: dict[str, Any]) -> Iterator[str]:
    for one in objects(resource.get("identifier")):
        if isinstance(one.get("value"), str):
            yield identifier_key(str(one.get("system", "")), one["value"])


def _references(value: Any) -> list[str]:
    """Keys of all references within an element, nested resources included."""
    found: list[str] = []
    _gather(value, found)
    return found


def _gather(value: Any, found: list[str]) -> None:
    if isinstance(value, list):
        for one in value:
            _gather(one, found)
    elif isinstance(value, dict):
        literal = value.get("reference")
        if isinstance(literal, str):
            key = key_of(literal)
            if key is not None:
                found.append(key)
        elif "identifier" in value and "resourceType" not in value and isinstance(value["identifier"], dict):
            found += _identifiers(value)
        for name, one in value.items():
            if isinstance(one, dict | list) and name not in ("reference", "identifier"):
                _gather(one, found)
