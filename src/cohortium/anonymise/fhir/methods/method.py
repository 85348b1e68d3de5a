"""What every method is given, and what it answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from cohortium.anonymise.fhir.configuration import Parameters
from cohortium.anonymise.fhir.people import Patient, People
from cohortium.anonymise.fhir.pseudonyms import Pseudonyms
from cohortium.anonymise.pseudonyms import KeyRing


@dataclass(slots=True)
class Context:
    """What a method may need to know of the resource at hand and of the run.

    patient    : whom the resource belongs to, None where nobody or several.
    shift_days : by how much its dates move, None where they must not stay at all.
    contained  : whether the resource lies within another, which alone refers to it.
    """

    ring: KeyRing
    pseudonyms: Pseudonyms
    people: People
    parameters: Parameters
    today: date
    resource: dict[str, Any]
    patient: Patient | None
    shift_days: int | None
    contained: bool = False


class Applied(NamedTuple):
    """A changed value (None: it goes) and what was done, by the name under which it is counted and labelled."""

    value: Any
    did: str


Method = Callable[[Any, str, str, dict[str, Any], Context], Applied]
"""(value, its type, its path, the object that holds it, context) -> what became of it."""
