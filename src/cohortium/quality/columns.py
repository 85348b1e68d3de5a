"""Which columns a check is for: by kind, by role, and by what the name says in several languages."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from cohortium.records import Column, Kind, Role
from cohortium.sources.inference.names import vocabulary, words

_NUMBERS = frozenset({Kind.CONTINUOUS, Kind.INTEGER, Kind.DURATION})
_DATES = frozenset({Kind.DATE, Kind.DATETIME})
_TEXTS = frozenset({Kind.TEXT, Kind.IDENTIFIER})


BIRTH = vocabulary("birth birthdate birthday dob born geburt geburtsdatum geboren naissance nacimiento nascita")
DEATH = vocabulary("death deathdate deceased died dod exitus todesdatum sterbedatum décès deces fallecimiento decesso")
AFTER_DEATH = vocabulary(
    "autopsy obduktion registered registration report reported recorded created updated entry export load"
)
PLANNED = vocabulary(
    "next planned plan appointment due expiry expires expiration valid scheduled schedule termin geplant"
)
INDEX = vocabulary(
    "admission admitted admit visit encounter index diagnosis enrol enrolment enrollment inclusion baseline entry exam "
    "examination sample sampling survey registration referral aufnahme randomisation randomization specimen test"
)
LAST_SEEN = vocabulary("lastfu lastcontact lastseen lastfollowup censordate followupend")
LAST = vocabulary("last end final latest letzter dernier ultimo")
SEEN = vocabulary("contact followup follow fu seen known alive visit observation kontakt")
HAPPENED = vocabulary(
    "relapse recurrence recur progression metastasis event infarction stroke transplant transplantation response "
    "failure readmission bleeding infection rezidiv rückfall rechute"
)
VISIT_NUMBER = vocabulary("visit wave encounter session sequence seq cycle exam examination besuch visite")
# The start and the end of one thing, as words of two column names that otherwise agree.
SPANS = (
    ("start", "end"), ("start", "stop"), ("begin", "end"), ("from", "to"), ("from", "until"), ("first", "last"),
    ("admission", "discharge"), ("admit", "discharge"), ("admitted", "discharged"), ("aufnahme", "entlassung"),
    ("beginn", "ende"), ("debut", "fin"), ("entrée", "sortie"), ("inicio", "fin"), ("onset", "resolution"),
)  # fmt: skip
_ENDS = {start: tuple(end for first, end in SPANS if first == start) for start, _ in SPANS}
_END_WORDS = frozenset(end for _, end in SPANS)
_CONSTANT = vocabulary(
    "sex gender geschlecht sexe sexo sesso geslacht birth birthdate dob geburtsdatum yob race ethnicity ethnic "
    "bloodgroup bloodtype blutgruppe birthplace"
)
_CONSTANT_PAIRS = {("blood", "group"), ("blood", "type"), ("date", "birth"), ("year", "birth"), ("birth", "year")}
# Birth of a child, weight at birth, sex of a partner: another thing than the person's own.
_NOT_OWN = vocabulary(
    "weight partner partners child children order rate control number num n preterm length gestational"
)


def is_number(column: Column) -> bool:
    """Numbers that can be measured or counted: not dates, not codes."""
    return column.kind in _NUMBERS and not is_key(column)


def is_date(column: Column) -> bool:
    """Dates and times of day."""
    return column.kind in _DATES


def is_level(column: Column) -> bool:
    """Levels written as words or codes."""
    return column.kind in (Kind.CATEGORICAL, Kind.ORDINAL)


def is_spelt(column: Column) -> bool:
    """Anything that is stored as letters."""
    return is_level(column) or column.kind in _TEXTS


def is_key(column: Column) -> bool:
    """Whether the values name a person or a record."""
    identifies = column.has_role(Role.PERSON_KEY) or column.has_role(Role.DIRECT_IDENTIFIER)
    return identifies or column.kind is Kind.IDENTIFIER


def is_birth(column: Column) -> bool:
    """The person's date of birth."""
    return is_date(column) and not BIRTH.isdisjoint(words(column.name))


def is_death(column: Column) -> bool:
    """The person's date of death."""
    return is_date(column) and not DEATH.isdisjoint(words(column.name))


def is_planned(column: Column) -> bool:
    """A date that may rightly lie ahead."""
    return not PLANNED.isdisjoint(words(column.name))


def is_last_seen(column: Column) -> bool:
    """The date up to which a person was followed."""
    found = words(column.name)
    last = not LAST.isdisjoint(found) and not SEEN.isdisjoint(found)
    return is_date(column) and (last or not LAST_SEEN.isdisjoint((*found, "".join(found))))


def is_happening(column: Column) -> bool:
    """Something that befalls a person during follow-up."""
    return not HAPPENED.isdisjoint(words(column.name))


def is_constant_in_person(column: Column) -> bool:
    """An attribute with which a person is born: sex, date of birth, blood group."""
    found = words(column.name)
    pairs = set(pairwise(found)) | set(zip(found, found[2:], strict=False))
    named = not _CONSTANT.isdisjoint((*found, "".join(found))) or not _CONSTANT_PAIRS.isdisjoint(pairs)
    return named and len(found) <= 4 and _NOT_OWN.isdisjoint(found)


def starts_of(columns: Iterable[Column]) -> dict[str, Column]:
    """For each column that ends something, by its name, the column that starts it: ``drug_end`` has ``drug_start``."""
    listed = tuple(columns)
    starts = {
        (column.kind, *found[:place], None, *found[place + 1 :], end): column
        for column in listed
        for found in (words(column.name),)
        for place, word in enumerate(found)
        for end in _ENDS.get(word, ())
    }
    ended = {
        column.name: starts.get((column.kind, *found[:place], None, *found[place + 1 :], word))
        for column in listed
        for found in (words(column.name),)
        for place, word in enumerate(found)
        if word in _END_WORDS
    }
    return {name: start for name, start in ended.items() if start is not None}
