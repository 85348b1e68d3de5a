"""People: names after a title or a heading, given names before surnames, ages, professions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from cohortium.anonymise.notes.eponyms import is_eponym
from cohortium.anonymise.notes.folding import folded_word
from cohortium.anonymise.notes.language import language, lexicon
from cohortium.anonymise.notes.recognisers.places import CAPITAL
from cohortium.anonymise.notes.span import Span
from cohortium.anonymise.notes.vocabulary import Type

_HEADINGS = {
    "en": r"Name|Patient(?: name)?|Pt|Full name|Surname|First name|Next of kin|Signed(?: by)?|Dictated by|"
    r"Referred by|Attending",
    "es": r"Nombre|Apellidos|Paciente|Remitido por|Médico|Firmado(?: por)?|Nombre y apellidos",
    "fr": r"Nom(?: et prénom)?|Prénom|Patiente?|Nom de naissance|Médecin traitant|Signé(?: par)?|Adressé par",
    "de": r"Name|Patient(?:in)?|Nachname|Vorname|Pat\.|Hausarzt|Unterschrift|gez\.",
    "it": r"Nome|Cognome|Paziente|Nome e cognome|Medico(?: curante)?|Firmato",
    "nl": r"Naam|Patiënte?|Achternaam|Voornaam|Huisarts|Ondertekend(?: door)?",
}
_NAME = rf"(?:{CAPITAL})"
_NO_HEADING = r"(?![\w'’]*\s?:)"
_SPECIES = frozenset({"coli", "pylori", "aureus", "aeruginosa", "difficile", "albicans", "pneumoniae", "faecalis"})
_LETTERED = re.compile(
    r"(?i:vitamin[ae]?|hepatitis|h[ée]patite|epatite|t[yi]pe?o?|gr[aâu]de?o?|stage|stade|stadium|class[ei]?|"
    r"gro?upp?[eo]?|factor|grad)\s$"
)
"""Words after which a single letter is no initial ("vitamin D.")."""


@cache
def _titled(code: str) -> tuple[tuple[re.Pattern[str], Type, float], ...]:
    words = language(code)
    particles = "|".join(words.particles)
    name = rf"(?P<name>{_NAME}(?:[ \-](?:(?:{particles})\s+)*{_NAME}{_NO_HEADING}){{0,4}})"
    lead = rf"(?P<lead>(?:(?:{particles})\s+)*)"
    staff, person = (_titles(titles) for titles in (words.staff_titles, words.person_titles))
    return (
        (
            re.compile(rf"(?<!\w)(?:{staff})[.ª]?(?:\s?(?:med|rer|nat|Prof|Dr|ssa|[.]))*\s*{lead}{name}"),
            Type.STAFF,
            0.85,
        ),
        (re.compile(rf"(?<![\w.])(?:{person})[.ªa]?\s+{lead}{name}"), Type.PERSON, 0.85),
        (
            re.compile(rf"(?m)(?<!\w)(?:{_HEADINGS[code]})\s?:\s*(?:(?:{person}|{staff})\.?\s+)?{lead}{name}"),
            Type.PERSON,
            0.8,
        ),
    )


def _titles(titles: tuple[str, ...]) -> str:
    """Titles in any case; those of one letter ("M.", "D.") in capitals alone."""
    longer = "|".join(re.escape(title) for title in sorted(titles, key=len, reverse=True) if len(title) > 1)
    single = "".join(title for title in titles if len(title) == 1)
    return rf"(?i:{longer})|[{single}](?=\.)" if single else f"(?i:{longer})"


@cache
def _initialled(code: str) -> re.Pattern[str]:
    particles = "|".join(language(code).particles)
    return re.compile(
        rf"(?<![\w.])(?:[A-ZÀ-ÖØ-Þ]\.[ \-]?){{1,2}} ?(?i:(?:{particles}) ){{0,2}}(?P<name>[A-ZÀ-ÖØ-Þ][\w'’\-]{{3,}})"
    )


@cache
def _kin(code: str) -> re.Pattern[str]:
    words = language(code)
    kin = "|".join(sorted(map(re.escape, words.kin), key=len, reverse=True))
    return re.compile(rf"(?<!\w)(?i:{kin})\s?[,:(]?\s?(?P<name>{_NAME}(?:[ \-]{_NAME}){{0,2}})")


@cache
def _paired(code: str) -> re.Pattern[str]:
    particles = "|".join(language(code).particles)
    return re.compile(
        rf"\b(?P<first>[A-ZÀ-ÖØ-Þ][\w'’]+)(?:[ \-](?:[A-Z]\.?|(?:{particles})|{_NAME})){{0,2}}"
        r"[ \-](?P<last>[A-ZÀ-ÖØ-Þ][\w'’]+)"
    )


@cache
def _age(code: str) -> re.Pattern[str]:
    words = language(code)
    units = "|".join(re.escape(unit) for unit in sorted(words.age_units, key=len, reverse=True))
    cues = "|".join(re.escape(cue) for cue in words.age_cues)
    return re.compile(
        rf"(?<![\d.,/])\d{{1,3}}\s?-?\s?(?:{units})(?!\w)|(?<!\w)(?:{cues})\s*:?\s*(?P<bare>\d{{1,3}})(?![\d.,/])",
        re.IGNORECASE,
    )


@cache
def _profession(code: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    words = language(code)
    jobs = "|".join(re.escape(job) for job in sorted(words.professions, key=len, reverse=True))
    cues = "|".join(re.escape(cue) for cue in words.profession_cues)
    return (
        re.compile(
            rf"(?<!\w)(?:{cues})\s*:?\s*(?:an?|une?|uno|un|ein|eine)?\s*(?P<job>(?:{jobs}))(?!\w)", re.IGNORECASE
        ),
        re.compile(rf"(?<!\w)(?P<job>{jobs})(?!\w)", re.IGNORECASE),
    )


def people(text: str, code: str) -> Iterator[Span]:
    """Every name that a title, a heading or a known given name shows to be one; ages and professions."""
    no_names = frozenset(map(folded_word, language(code).no_names))
    for pattern, kind, score in _titled(code):
        for match in pattern.finditer(text):
            if folded_word(match.group("name")) in no_names:
                continue
            if not is_eponym(text, match.start("name"), match.end("name"), titled=True):
                start = match.start("lead") if match.group("lead") else match.start("name")
                yield Span(start, match.end("name"), kind, score, "name after a title")
    for match in _initialled(code).finditer(text):
        is_letter = _LETTERED.search(text, max(0, match.start() - 12), match.start()) is not None
        is_species = folded_word(match.group("name")) in _SPECIES
        if (
            not is_letter
            and not is_species
            and not is_eponym(text, match.start("name"), match.end("name"), titled=True)
        ):
            yield Span(match.start(), match.end(), Type.PERSON, 0.8, "initial and surname")
    for match in _kin(code).finditer(text):
        if not is_eponym(text, match.start("name"), match.end("name"), titled=True):
            yield Span(match.start("name"), match.end("name"), Type.PERSON, 0.55, "name after kin")
    given = lexicon(code, "female") | lexicon(code, "male")
    surnames = lexicon(code, "surnames")
    for match in _paired(code).finditer(text):
        first, last = folded_word(match.group("first")), folded_word(match.group("last"))
        if first in given and last in surnames and not is_eponym(text, match.start(), match.end()):
            yield Span(match.start(), match.end(), Type.PERSON, 0.6, "given name and surname")
    for match in _age(code).finditer(text):
        start, score = (match.start(), 0.6) if match.group("bare") is None else (match.start("bare"), 0.8)
        yield Span(start, match.end(), Type.AGE, score, "age")
    for score, pattern in zip((0.8, 0.4), _profession(code), strict=True):
        for match in pattern.finditer(text):
            yield Span(match.start("job"), match.end("job"), Type.PROFESSION, score, "profession")
