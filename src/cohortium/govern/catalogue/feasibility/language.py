"""Cohorts as a person would write them: ``persons with condition 201826 and age >= 18 and in 2020 drug 1503297``.

Grammar::

    cohort    := "persons" ["with" condition]
    condition := clause ("or" clause)*             clause := part ("and" part)*
    part      := "not" part | "(" condition ")" | "age" compare NUMBER ["on" DATE] | "born" compare YEAR
               | "sex" "=" ("female" | "male") | event
    event     := ["at" "least" NUMBER "times"] [period] domain [concepts] [compare NUMBER] [period] [near]
    period    := "before" DATE | "after" DATE | "between" DATE "and" DATE | "in" YEAR
    near      := "within" NUMBER "days" ("of" | "after" | "before") event
    concepts  := concept ("," concept)*            concept := ["exactly"] NUMBER | "[" NAME "]"
    domain    := "condition" | "drug" | "procedure" | "measurement" | "observation" | "visit" | "device" | "death" | …
    compare   := "=" | "!=" | "<" | "<=" | ">" | ">="

A concept counts with all that lies below it in the vocabulary, but for ``exactly``. ``[name]`` is a concept set that is
given beside the text. "before" and "after" leave their day out, "between" takes both in. A part never reaches a
database as text: numbers and days become parameters, and all other words are the ones above.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta

from cohortium.errors import InvalidRequest
from cohortium.govern.catalogue.feasibility.cohort import (
    COMPARISONS,
    Age,
    Born,
    Cohort,
    Condition,
    Either,
    Event,
    Every,
    Near,
    Not,
    Sex,
)
from cohortium.govern.catalogue.feasibility.concept_sets import Concept, ConceptSet
from cohortium.govern.catalogue.feasibility.domains import BY_WORD, SEXES

_TOKEN = re.compile(
    r"\s*(?:(?P<date>\d{4}-\d\d-\d\d)|(?P<number>-?\d+(?:\.\d+)?)|(?P<word>[A-Za-z_]+)|\[(?P<name>[^\[\]]{1,100})\]"
    r"|(?P<op><=|>=|!=|[=<>(),]))(?![\w.])",
    re.ASCII,
)
_JOINED = re.compile(r"\s*(?P<op><=|>=|!=|[=<>(),])")
MOST_CHARACTERS, DEEPEST = 20_000, 40
FIRST_YEAR, LAST_YEAR = 1800, 2200


def parse_cohort(text: str, sets: Mapping[str, ConceptSet] | None = None) -> Cohort:
    """The cohort that ``text`` writes.

    sets   : concept sets by the names that the text uses.
    Raises : InvalidRequest that says what was expected at which character.
    """
    return _Parser(text, sets or {}).cohort()


class _Parser:
    def __init__(self, text: str, sets: Mapping[str, ConceptSet]) -> None:
        if len(text) > MOST_CHARACTERS:
            raise InvalidRequest(f"A cohort is written in at most {MOST_CHARACTERS:,} characters.")
        self.sets, self.at, self.depth = sets, 0, 0
        self.tokens: list[tuple[str, str, int]] = []
        start = 0
        while text[start:].strip():
            match = _JOINED.match(text, start) or _TOKEN.match(text, start)
            if match is None:
                raise InvalidRequest(f"The cohort cannot be read from character {start + 1} on.")
            kind = match.lastgroup or "op"
            self.tokens.append((kind, match.group(kind), match.start(kind) + 1))
            start = match.end()
        self.length = len(text)

    def cohort(self) -> Cohort:
        self.needs("persons")
        condition = self.either() if self.takes("with") or self.takes("where") else None
        if self.at < len(self.tokens):
            raise self.wrong("'and', 'or' or the end" if condition else "'with' or the end")
        return Cohort(condition)

    def either(self) -> Condition:
        self.depth += 1
        if self.depth > DEEPEST:
            raise InvalidRequest(f"A cohort has parentheses at most {DEEPEST} deep.")
        parts = [self.every()]
        while self.takes("or"):
            parts.append(self.every())
        self.depth -= 1
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def every(self) -> Condition:
        parts = [self.part()]
        while self.takes("and"):
            parts.append(self.part())
        return parts[0] if len(parts) == 1 else Every(tuple(parts))

    def part(self) -> Condition:
        negations = 0
        while self.takes("not"):
            negations += 1
        found = self.positive()
        return Not(found) if negations % 2 else found

    def positive(self) -> Condition:
        if self.takes("(", "op"):
            inner = self.either()
            self.needs(")", "op")
            return inner
        if self.takes("age"):
            comparison, years = self.comparison(), self.whole("an age in years", 150)
            return Age(comparison, years, self.day() if self.takes("on") else None)
        if self.takes("born"):
            return Born(self.comparison(), self.whole("a year", LAST_YEAR))
        if self.takes("sex"):
            self.needs("=", "op")
            return Sex(self.one_of(SEXES))
        return self.event()

    def event(self) -> Event:
        times = 1
        if self.takes("at"):
            self.needs("least")
            times = self.whole("how many times", 10_000)
            self.needs("times")
        before = self.period()
        domain = BY_WORD[self.one_of(BY_WORD)]
        event = Event(domain, self.concepts(), times=max(times, 1))
        if self.look()[0] == "op" and self.look()[1] in COMPARISONS:
            if not domain.has_value:
                raise self.wrong(f"no value, which a {domain.word} does not have")
            event = replace(event, value=(self.comparison(), float(self.literal("number", "a number"))))
        first, last = before or self.period() or (None, None)
        return replace(event, first=first, last=last, near=self.near())

    def near(self) -> Near | None:
        if not self.takes("within"):
            return None
        days = self.whole("a number of days", 100_000)
        self.needs("days")
        word = self.one_of(("of", "after", "before"))
        self.depth += 1
        if self.depth > DEEPEST:
            raise InvalidRequest(f"A cohort has 'within' at most {DEEPEST} deep.")
        other = self.event()
        self.depth -= 1
        return Near(0 if word == "after" else -days, 0 if word == "before" else days, other)

    def period(self) -> tuple[date | None, date | None] | None:
        if self.takes("before"):
            return None, self.day() - timedelta(days=1)
        if self.takes("after"):
            return self.day() + timedelta(days=1), None
        if self.takes("between"):
            first = self.day()
            self.needs("and")
            return first, self.day()
        if self.takes("in"):
            year = max(self.whole("a year", LAST_YEAR), FIRST_YEAR)
            return date(year, 1, 1), date(year, 12, 31)
        return None

    def concepts(self) -> ConceptSet | None:
        if not self.begins_concept():
            return None
        found = self.concept()
        while self.takes(",", "op"):
            found = (*found, *self.concept())
        return ConceptSet(found)

    def begins_concept(self) -> bool:
        kind, token, _ = self.look()
        return kind in ("number", "name") or (kind == "word" and token.lower() == "exactly")

    def concept(self) -> tuple[Concept, ...]:
        kind, token, _ = self.look()
        if kind == "name":
            self.at += 1
            if token not in self.sets:
                raise InvalidRequest(f"There is no concept set [{token}]; given are {sorted(self.sets)}.")
            return self.sets[token].concepts
        exactly = self.takes("exactly")
        return (Concept(self.whole("a concept's number", 2**31 - 1), descendants=not exactly),)

    # ---- tokens -------------------------------------------------------------------------------------------------

    def look(self) -> tuple[str, str, int]:
        return self.tokens[self.at] if self.at < len(self.tokens) else ("end", "", self.length + 1)

    def takes(self, token: str, of: str = "word") -> bool:
        kind, found, _ = self.look()
        if kind == of and found.lower() == token:
            self.at += 1
            return True
        return False

    def needs(self, token: str, of: str = "word") -> None:
        if not self.takes(token, of):
            raise self.wrong(f"'{token}'")

    def one_of(self, words: Mapping[str, object] | tuple[str, ...]) -> str:
        kind, token, _ = self.look()
        if kind != "word" or token.lower() not in words:
            raise self.wrong(f"one of {', '.join(words)}")
        self.at += 1
        return token.lower()

    def comparison(self) -> str:
        kind, token, _ = self.look()
        if kind != "op" or token not in COMPARISONS:
            raise self.wrong("a comparison such as >=")
        self.at += 1
        return token

    def literal(self, kind: str, what: str) -> str:
        found, token, _ = self.look()
        if found != kind:
            raise self.wrong(what)
        self.at += 1
        return token

    def whole(self, what: str, most: int) -> int:
        token = self.literal("number", what)
        if not token.isascii() or not token.isdigit() or len(token) > 12 or int(token) > most:
            self.at -= 1
            raise self.wrong(f"{what}, from 0 to {most:,}")
        return int(token)

    def day(self) -> date:
        token = self.literal("date", "a day such as 2020-01-31")
        try:
            day = date.fromisoformat(token)
        except ValueError:
            day = date.min
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            self.at -= 1
            raise self.wrong(f"a day that there is, from {FIRST_YEAR} to {LAST_YEAR}")
        return day

    def wrong(self, expected: str) -> InvalidRequest:
        kind, token, start = self.look()
        came = "the end" if kind == "end" else f"'{token[:40]}'"
        return InvalidRequest(f"Cohort: expected {expected} at character {start}, found {came}.")
