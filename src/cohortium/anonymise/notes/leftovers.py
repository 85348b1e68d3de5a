"""The last look: are there identifiers of the patient, as the record knows them, in what is about to leave?

It searches the finished text by other means than those that found the identifiers: plain forms of each.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from functools import cache

from cohortium.anonymise.notes.eponyms import is_eponym
from cohortium.anonymise.notes.folding import folded
from cohortium.anonymise.notes.known_patient import SHORTEST_NUMBER, KnownPatient
from cohortium.anonymise.notes.language import language

SHORTEST_NAME = 4


def identifiers_left(text: str, known: KnownPatient, code: str) -> int:
    """How many places of ``text`` still say one of the patient's identifiers."""
    plain = folded(text)
    words = language(code)
    ordinary = {folded(word) for word in (*words.ordinary, *words.particles)}
    left = 0
    for name in {
        word for whole in known.names for word in re.split(r"[\s,.\-]+", folded(whole)) if len(word) >= SHORTEST_NAME
    }:
        for place in _places(name, plain):
            small = not text[place].isupper() and name in ordinary
            left += (
                not small and name not in words.particles and not is_eponym(text, place, place + len(name), titled=True)
            )
    bare = re.sub(r"(?<=[a-z0-9])[\s.\-/]{1,2}(?=[a-z0-9])", "", plain)
    for number in {"".join(c for c in folded(value) if c.isalnum()) for value in known.numbers}:
        if len(number) >= SHORTEST_NUMBER and any(c.isdecimal() for c in number):
            left += max(len(list(_places(number, plain))), len(list(_places(number, bare))) if len(number) >= 7 else 0)
    left += sum(folded(mail) in plain for mail in known.mails if mail)
    left += sum(len(list(_places(form, plain))) for day in known.dates for form in _forms(day, code))
    return left + sum(len(list(_places(folded(one), plain))) for one in known.addresses if len(one) >= SHORTEST_NAME)


def _places(what: str, text: str) -> Iterator[int]:
    place = text.find(what)
    while place >= 0:
        before, after = text[place - 1 : place], text[place + len(what) : place + len(what) + 1]
        if not before.isalnum() and not after.isalnum():
            yield place
        place = text.find(what, place + 1)


@cache
def _forms(day: date, code: str) -> frozenset[str]:
    d, m, y = day.day, day.month, day.year
    found = {f"{y}-{m:02d}-{d:02d}", f"{d:02d}{m:02d}{y}", f"{y}{m:02d}{d:02d}"}
    for mark in "/.-":
        found |= {
            f"{d}{mark}{m}{mark}{y}",
            f"{d:02d}{mark}{m:02d}{mark}{y}",
            f"{d:02d}{mark}{m:02d}{mark}{y % 100:02d}",
        }
        if code == "en":
            found |= {f"{m}{mark}{d}{mark}{y}", f"{m:02d}{mark}{d:02d}{mark}{y}"}
    for form in language(code).months[m - 1].split():
        month = folded(form)
        found |= {
            f"{d} {month} {y}",
            f"{d} de {month} de {y}",
            f"{month} {d}, {y}",
            f"{d}. {month} {y}",
            f"{d:02d}-{month}-{y}",
        }
    return frozenset(found)
