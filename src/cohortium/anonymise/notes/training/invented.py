"""Invented people, places, dates and numbers, in the forms that notes of a language have them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from cohortium.anonymise.notes.language import LANGUAGES, language, lexicon_names
from cohortium.anonymise.notes.training.written_forms import Forms, forms

if TYPE_CHECKING:
    import numpy as np

_VOWELS, _CONSONANTS = "aeiou", "bcdfgklmnprstvz"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody invented."""

    given: str
    surname: str


class Inventor:
    """Draws from the lists of one language; a share of the names is in no list at all.

    unlisted : share of names that are foreign, and again of names that are made up.
    """

    def __init__(self, code: str, rng: np.random.Generator, unlisted: float = 0.25) -> None:
        self.code = code
        self.words = language(code)
        self.forms: Forms = forms(code)
        self.rng = rng
        self.unlisted = unlisted

    def pick(self, values: tuple[str, ...]) -> str:
        """One of ``values``."""
        return values[int(self.rng.integers(len(values)))]

    def digits(self, pattern: str) -> str:
        """``pattern`` with # for a digit, ? for a capital and ^ for a digit that is not 0."""
        return "".join(
            str(self.rng.integers(10)) if c == "#" else str(self.rng.integers(1, 10)) if c == "^"
            else chr(65 + int(self.rng.integers(26))) if c == "?" else c for c in pattern
        )  # fmt: skip

    def name(self, kind: str) -> str:
        """A given name ("female", "male") or surname, or town."""
        draw = self.rng.random()
        if draw < self.unlisted:
            return self._made_up(self.pick(lexicon_names(self.code, kind)))
        code = self.pick(LANGUAGES) if draw < 2 * self.unlisted and kind != "towns" else self.code
        return self.pick(lexicon_names(code, kind))

    def _made_up(self, word: str) -> str:
        letters = list(word)
        for _ in range(2):
            place = int(self.rng.integers(1, max(2, len(letters))))
            kind = _VOWELS if letters[min(place, len(letters) - 1)].lower() in _VOWELS else _CONSONANTS
            letters[min(place, len(letters) - 1)] = kind[int(self.rng.integers(len(kind)))]
        return "".join(letters)

    def person(self) -> Person:
        """A given name, sometimes two, and a surname, in some languages two or with particles."""
        given = self.name("female" if self.rng.random() < 0.5 else "male")
        if self.rng.random() < 0.12:
            given += self.pick(("-", " ")) + self.name("female" if self.rng.random() < 0.5 else "male")
        surname = self.name("surnames")
        draw = self.rng.random()
        if draw < self.forms.double:
            surname += self.pick((" ", "-")) + self.name("surnames")
        elif draw < self.forms.double + 0.08 and self.forms.before_surname:
            surname = self.pick(self.forms.before_surname) + surname
        return Person(given, surname)

    def day(self) -> date:
        """Some day of the last hundred years, mostly of the last ten."""
        span = 36_000 if self.rng.random() < 0.3 else 4_000
        return date(2025, 6, 1) - timedelta(days=int(self.rng.integers(span)))

    def written(self, day: date, forms: tuple[str, ...]) -> str:
        """``day`` in one of the forms; see ``Forms.dates``."""
        months = self.words.months[day.month - 1].split()
        full, short = months[0], months[min(1, len(months) - 1)]
        if self.code in ("en", "de"):
            full, short = full.capitalize(), short.capitalize()
        return self.pick(forms).format(
            d=day.day, dd=f"{day.day:02d}", m=day.month, mm=f"{day.month:02d}", y=day.year, yy=f"{day.year % 100:02d}",
            b=full, s=short, S=short.upper(),
            th="th" if 3 < day.day < 21 else {1: "st", 2: "nd", 3: "rd"}.get(day.day % 10, "th"),
        )  # fmt: skip

    def from_form(self, forms: tuple[str, ...]) -> str:
        """One of ``forms`` with {surname}, {given}, {town} and digits filled in."""
        form = self.digits(self.pick(forms)) if "{" not in (first := self.pick(forms)) else first
        filled = form
        for slot, kind in (("surname", "surnames"), ("given", "male"), ("town", "towns")):
            while "{" + slot + "}" in filled:
                filled = filled.replace("{" + slot + "}", self.name(kind), 1)
        return self.digits(filled) if "#" in filled or "^" in filled else filled
