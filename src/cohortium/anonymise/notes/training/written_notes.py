"""Notes written from templates with invented people, every identifying span marked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from cohortium.anonymise.notes.annotated import AnnotatedNote, Mark
from cohortium.anonymise.notes.training.invented import Inventor, Person
from cohortium.anonymise.notes.vocabulary import Type

if TYPE_CHECKING:
    import numpy as np

WRITTEN = ("en", "fr", "de", "it", "nl")
HELD_OUT_OF = 5
"""One template of this many is never trained on."""
_SLOT = re.compile(r"\{(\w+)\}")
_TYPES = {"patient": Type.PATIENT, "staff": Type.STAFF, "person": Type.PERSON}
_SLOT_TYPES = {
    "dob": Type.DATE, "date": Type.DATE, "month_year": Type.DATE, "day_month": Type.DATE, "year": Type.DATE,
    "mrn": Type.PATIENT_ID,
    "cf": Type.PATIENT_ID, "bsn": Type.PATIENT_ID, "ssn": Type.INSURANCE_ID, "ins": Type.INSURANCE_ID,
    "episode": Type.EPISODE_ID,
    "licence": Type.LICENCE_ID, "serial": Type.OTHER_ID, "street": Type.STREET, "zip": Type.PLACE, "town": Type.PLACE,
    "country": Type.COUNTRY, "hospital": Type.HOSPITAL, "inst": Type.INSTITUTION, "centre": Type.CENTRE,
    "phone": Type.PHONE,
    "fax": Type.FAX, "mail": Type.EMAIL, "job": Type.PROFESSION, "age": Type.AGE, "age_years": Type.AGE,
    "age_hyphen": Type.AGE,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Templates:
    """Parts that notes of a language are put together from, and lists of medical words."""

    header: tuple[str, ...]
    sentence: tuple[str, ...]
    plain: tuple[str, ...]
    closing: tuple[str, ...]
    lists: dict[str, tuple[str, ...]]

    def part(self, *, held_out: bool) -> Templates:
        """The templates to learn from, or those that are kept for the trial."""
        halves = [
            tuple(one for place, one in enumerate(group) if (place % HELD_OUT_OF == 2) == held_out)
            for group in (self.header, self.sentence, self.plain, self.closing)
        ]
        return Templates(halves[0], halves[1], halves[2], halves[3], self.lists)


@cache
def templates(code: str) -> Templates:
    """The templates of a language, from ``templates/<code>.txt``."""
    folder = resources.files("cohortium.anonymise.notes.training").joinpath("templates")
    parts: dict[str, str] = {}
    for section in folder.joinpath(f"{code}.txt").read_text("utf-8").split("== ")[1:]:
        name, _, body = section.partition("\n")
        parts[name.strip()] = body.strip("\n")
    lists = {name: tuple(parts[name].split("|")) for name in ("dx", "proc", "finding", "eponym")}
    lists["drug"] = tuple(folder.joinpath("drugs.txt").read_text("utf-8").split())
    blocks = {name: tuple(parts[name].split("\n---\n")) for name in ("header", "closing")}
    rows = {name: tuple(parts[name].splitlines()) for name in ("sentence", "plain")}
    return Templates(blocks["header"], rows["sentence"], rows["plain"], blocks["closing"], lists)


class NoteWriter:
    """Writes notes; names within a note belong to the same people throughout.

    bodies : texts, or templates, one of which stands in the middle of some notes.
    """

    def __init__(
        self,
        code: str,
        rng: np.random.Generator,
        parts: Templates,
        *,
        unlisted: float = 0.25,
        bodies: Sequence[str] = (),
    ) -> None:
        self.inventor = Inventor(code, rng, unlisted)
        self.rng = rng
        self.parts = parts
        self.bodies = tuple(bodies)
        self.people: dict[str, Person] = {}

    def note(self) -> AnnotatedNote:
        """One note: headings, sentences with and without identifying text, a signature."""
        self.people = {"patient": self.inventor.person()}
        pick, rng = self.inventor.pick, self.rng
        pieces = [pick(self.parts.header) for _ in range(1 + int(rng.random() < 0.3))]
        rows = [
            pick(self.parts.sentence if rng.random() < 0.5 else self.parts.plain)
            for _ in range(int(rng.integers(6, 16)))
        ]
        while rows:
            size = int(rng.integers(1, 5))
            pieces.append(" ".join(rows[:size]))
            rows = rows[size:]
        if self.bodies and rng.random() < 0.5:
            pieces.insert(2, pick(self.bodies))
        pieces.append(pick(self.parts.closing))
        return self.filled(pick(("\n", "\n\n")).join(pieces))

    def filled(self, template: str) -> AnnotatedNote:
        """A template with every slot filled and marked."""
        text, marks, place = "", list[Mark](), 0
        for match in _SLOT.finditer(template):
            text += template[place : match.start()]
            value, kind = self._value(match.group(1))
            if kind is not None:
                marks.append((len(text), len(text) + len(value), kind))
            text += value
            place = match.end()
        return AnnotatedNote(text + template[place:], tuple(marks))

    def _value(self, slot: str) -> tuple[str, Type | None]:
        role, _, form = slot.partition("_")
        if role in _TYPES and slot != "staff_title":
            return self._named(role, form), _TYPES[role]
        if slot in self.parts.lists:
            return self.inventor.pick(self.parts.lists[slot]), None
        return self._plain(slot), _SLOT_TYPES.get(slot)

    def _named(self, role: str, form: str) -> str:
        fresh = role not in self.people or (role != "patient" and self.rng.random() < 0.5)
        person = self.people.setdefault(role, self.inventor.person()) if not fresh else self.inventor.person()
        self.people[role] = person
        middle = f" {self.inventor.pick(('A', 'J', 'M'))}." if self.rng.random() < 0.08 else ""
        whole = f"{person.given}{middle} {person.surname}"
        written = {
            "surname": person.surname,
            "given": person.given,
            "caps": whole.upper(),
            "surname_caps": person.surname.upper(),
            "last_first": f"{person.surname}, {person.given}",
            "initial_surname": f"{person.given[0]}. {person.surname}",
        }.get(form, whole)
        return written.upper() if self.rng.random() < 0.05 else written

    def _plain(self, slot: str) -> str:
        invent, forms = self.inventor, self.inventor.forms
        day, years = invent.day(), int(self.rng.integers(18, 99))
        match slot:
            case "date" | "dob":
                return invent.written(day, forms.dates)
            case "month_year" | "day_month":
                return invent.written(day, forms.month_years if slot == "month_year" else forms.day_months)
            case "year":
                return str(day.year)
            case "age":
                return str(years)
            case "age_years":
                return invent.pick(forms.ages).format(years)
            case "age_hyphen":
                return f"{years}-year-old"
            case "mail":
                person = self.people.get(invent.pick(("patient", "staff")), self.people["patient"])
                stem = invent.pick(
                    (
                        f"{person.given}.{person.surname}",
                        f"{person.given[0]}{person.surname}",
                        f"{person.surname}{years}",
                    )
                ).lower()
                return (
                    re.sub(r"[^\w.]", "", stem)
                    + "@"
                    + invent.pick(("gmail.com", "yahoo.com", "hotmail.com", "hospital.org", "clinic.eu", "gmx.net"))
                )
            case "country" | "job" | "weekday":
                words = {
                    "country": invent.words.countries,
                    "job": invent.words.professions,
                    "weekday": invent.words.weekdays,
                }
                return invent.pick(words[slot])
            case "town":
                return invent.name("towns")
            case "dose":
                return invent.digits(invent.pick(("^0 mg", "^00 mg", "^,5 mg", "^# mg", "^ g", "^00 µg")))
            case _:
                return invent.from_form(_forms_of(invent, slot))


def _forms_of(invent: Inventor, slot: str) -> tuple[str, ...]:
    forms = invent.forms
    return {
        "mrn": forms.records, "episode": forms.records, "serial": forms.serials, "ins": forms.insurance,
            "ssn": ("###-##-####",),
        "cf": ("??????##?##?###?",), "bsn": ("#########",), "licence": forms.licences, "street": forms.streets,
            "zip": forms.postcodes,
        "hospital": forms.hospitals, "inst": forms.institutions, "centre": forms.centres, "phone": forms.phones,
        "fax": forms.phones,
        "title": forms.titles, "staff_title": forms.staff_titles,
    }[slot]  # fmt: skip
