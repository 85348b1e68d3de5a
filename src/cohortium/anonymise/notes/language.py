"""What Cohortium knows of a language: its words for months, titles, kin, streets, and the names that surrogates get."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from functools import cache
from importlib import resources
from typing import Any

from cohortium.anonymise.notes.folding import folded
from cohortium.errors import InvalidRequest

LANGUAGES = ("en", "es", "de", "fr", "it", "nl")


@dataclass(frozen=True, slots=True)
class Language:
    """One language's words; lists are in the order of the file ``languages/<code>.toml``.

    months   : for each month its written forms, the full one first.
    no_names : what follows a title and is no name ("Frau Kollegin").
    ordinary : names that are also everyday or clinical words, which in small letters are not taken for names.
    """

    code: str
    months: tuple[str, ...]
    weekdays: tuple[str, ...]
    date_links: tuple[str, ...]
    staff_titles: tuple[str, ...]
    person_titles: tuple[str, ...]
    kin: tuple[str, ...]
    particles: tuple[str, ...]
    streets_before: tuple[str, ...]
    streets_after: tuple[str, ...]
    place_cues: tuple[str, ...]
    hospital_words: tuple[str, ...]
    centre_words: tuple[str, ...]
    institution_words: tuple[str, ...]
    professions: tuple[str, ...]
    profession_cues: tuple[str, ...]
    countries: tuple[str, ...]
    age_units: tuple[str, ...]
    age_cues: tuple[str, ...]
    over_89: str
    no_names: tuple[str, ...]
    ordinary: tuple[str, ...]
    given_female: tuple[str, ...]
    given_male: tuple[str, ...]
    surnames: tuple[str, ...]
    streets: tuple[str, ...]
    towns: tuple[str, ...]
    hospitals: tuple[str, ...]
    institutions: tuple[str, ...]

    def month_forms(self) -> dict[str, int]:
        """Every written form of a month, folded, to its number from 1."""
        return {folded(form): number for number, forms in enumerate(self.months, 1) for form in forms.split()}


@cache
def language(code: str) -> Language:
    """The language of a two-letter code.

    Raises : InvalidRequest naming the languages that there are.
    """
    if code not in LANGUAGES:
        raise InvalidRequest(f"Notes can be in {', '.join(LANGUAGES)}; '{code}' is none of these two-letter codes.")
    text = resources.files("cohortium.anonymise.notes").joinpath(f"languages/{code}.toml").read_text("utf-8")
    plain = tomllib.loads(text)
    words: dict[str, Any] = {
        one.name: plain[one.name] if one.name == "over_89" else tuple(plain[one.name])
        for one in fields(Language)
        if one.name != "code"
    }
    return Language(code=code, **words)


@cache
def lexicon_names(code: str, kind: str) -> tuple[str, ...]:
    """Names from ``lexicon/``, as they are written: of kind "female", "male", "surnames" or "towns"."""
    text = resources.files("cohortium.anonymise.notes").joinpath(f"lexicon/{code}_{kind}.txt").read_text("utf-8")
    return tuple(line for line in text.splitlines() if line)


@cache
def lexicon(code: str, kind: str) -> frozenset[str]:
    """The same, folded."""
    return frozenset(map(folded, lexicon_names(code, kind)))
