"""What is still in the records that are to leave, looked for as somebody would who knows the patients.

It reads what was written, beside what was read, and shares no code with the rules: only FHIR's structure and the seeds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from cohortium.anonymise.fhir.dates import OLDEST, day_of
from cohortium.anonymise.fhir.people import Patient, People
from cohortium.anonymise.fhir.seeds import own_words_in
from cohortium.anonymise.fhir.structure import DATES, PRIMITIVES, codes, shape

_FREE = frozenset(("markdown", "xhtml"))
_FREE_NAMES = frozenset(("valueString", "description", "comment", "patientInstruction", "conclusion", "div"))
_TEXTS = frozenset(("string", "markdown", "xhtml"))
_UNLIMITED = frozenset(("id", "uri", "url", "canonical", "oid", "uuid", "code", *_TEXTS))
Leaf = tuple[str, str, str, Any, Any, dict[str, Any]]
"""Path, name, type, value before (None where that cannot be told), value after, the object that holds it."""


class Audit:
    """Counts over pairs of a record before and after.

    before, after : what was learnt of all records before and after, for whether references lead anywhere.
    """

    def __init__(self, before: People, after: People) -> None:
        self.before, self.after = before, after
        self.counts: Counter[str] = Counter()
        self.seeded: Counter[str] = Counter()
        self.free: Counter[str] = Counter()
        self._moved: dict[str, int] = {}
        self._torn: set[str] = set()

    def pair(self, record: dict[str, Any], made: dict[str, Any], patient: Patient | None = None) -> None:
        """Look at one record and what became of it."""
        patient = self.before.patient_of(record) or patient
        self.counts["resources"] += 1
        if patient is not None:
            self.counts["of_patients"] += 1
        kind = made["resourceType"]
        for path, name, type_name, old, new, holder in _leaves(record, made, kind, kind, []):
            if type_name == "Resource":
                was = old if isinstance(old, dict) else {"resourceType": new["resourceType"]}
                self.pair(was, new, None if kind == "Bundle" else patient)
            else:
                self._leaf(path, name, type_name, old, new, holder, patient)
        self._structure(record, made, kind)

    def references(self, record: dict[str, Any], people: People, when: str) -> None:
        """Count the references of one record and those that lead to a resource among all."""
        for reference in _literals(record, []):
            found = people.exists(reference)
            if found is not None:
                self.counts[f"references_{when}"] += 1
                self.counts[f"resolved_{when}"] += found

    @property
    def torn_patients(self) -> int:
        """Patients whose dates did not all move by the same number of days."""
        return len(self._torn)

    @property
    def moved_patients(self) -> int:
        """Patients with dates that moved."""
        return len(self._moved)

    def _leaf(
        self, path: str, name: str, kind: str, old: Any, new: Any, holder: dict[str, Any], patient: Patient | None
    ) -> None:
        if kind in DATES:
            self._date(path, old, new, patient)
        elif isinstance(new, str) and kind in _UNLIMITED:
            hits = len(self.before.seeds.found(new))
            if patient is not None and kind in _TEXTS:
                hits += sum(1 for _ in own_words_in(new, patient.words))
            if hits:
                self.seeded[path] += hits
            if kind in _FREE or name in _FREE_NAMES:
                self.free[path] += 1
        elif kind == "base64Binary":
            self.free[path] += 1
        elif path.endswith(".value") and _years(new, holder, path) > OLDEST:
            self.counts["old_ages"] += 1

    def _date(self, path: str, old: Any, new: Any, patient: Patient | None) -> None:
        if (
            patient is not None
            and path == "Patient.birthDate"
            and new == patient.birth
            and len(new) == len("1900-01-01")
        ):
            self.counts["birth_dates"] += 1
        before = day_of(old) if isinstance(old, str) else None
        after = day_of(new) if isinstance(new, str) else None
        if before is None or after is None or patient is None:
            return
        days = (after - before).days
        self.counts["exact_dates"] += 1
        if self._moved.setdefault(patient.key, days) != days:
            self._torn.add(patient.key)

    def _structure(self, record: dict[str, Any], made: dict[str, Any], kind: str) -> None:
        """Count what R4 requires or lists that was right before and is not any more."""
        form = shape(kind)
        for name in form.required:
            keys = form.choices.get(name, (name,))
            had = any(record.get(key) is not None for key in keys)
            if had and not any(key in made or f"_{key}" in made for key in keys):
                self.counts["required_missing"] += 1
        for key, value in made.items():
            type_name = form.elements.get(key)
            if type_name == "code":
                allowed = codes(f"{kind}.{key}")
                wrong = allowed is not None and isinstance(value, str) and value not in allowed
                self.counts["codes_off"] += wrong and value != record.get(key)
            elif type_name is not None and type_name not in PRIMITIVES and type_name != "Resource":
                for old, new in _paired(record.get(key), value):
                    if isinstance(old, dict) and isinstance(new, dict):
                        self._structure(old, new, type_name)


def _leaves(record: Any, made: dict[str, Any], kind: str, path: str, found: list[Leaf]) -> list[Leaf]:
    """All values and nested resources of ``made`` beside those they came from, added to ``found``."""
    elements = shape(kind).elements
    old_holder = record if isinstance(record, dict) else {}
    for key, value in made.items():
        name = key.removeprefix("_")
        type_name = elements.get(name)
        if type_name is None:
            continue
        below = f"{path}.{name}" if "." not in type_name else type_name
        inner = "Element" if key[0] == "_" else type_name
        for old, new in _paired(old_holder.get(key), value):
            if type_name != "Resource" and isinstance(new, dict):
                _leaves(old, new, inner, below, found)
            elif new is not None:
                found.append((below, name, type_name, old, new, made))
    return found


def _paired(old: Any, new: Any) -> Iterable[tuple[Any, Any]]:
    """Elements of a list beside those they came from; where some were left out nobody can tell which: None."""
    if not isinstance(new, list):
        return ((old, new),)
    before = old if isinstance(old, list) and len(old) == len(new) else [None] * len(new)
    return zip(before, new, strict=True)


def _literals(value: Any, found: list[str]) -> list[str]:
    for name, one in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(one, dict | list):
            _literals(one, found)
        elif name == "reference" and isinstance(one, str):
            found.append(one)
    return found


def _years(value: Any, holder: dict[str, Any], path: str) -> float:
    is_age = "Age." in path or path.endswith((".age.value", "Age.value"))
    if not is_age or isinstance(value, bool) or not isinstance(value, int | float):
        return 0.0
    unit = {"mo": 12.0, "wk": 52.18, "d": 365.25, "h": 8766.0, "min": 525960.0}.get(str(holder.get("code", "a")), 1.0)
    return value / unit
