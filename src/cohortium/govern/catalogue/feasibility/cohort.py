"""A cohort as a tree: conditions on what happened to persons, and on who they are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from cohortium.govern.catalogue.feasibility.concept_sets import ConceptSet
from cohortium.govern.catalogue.feasibility.domains import Domain

COMPARISONS = ("=", "!=", "<", "<=", ">", ">=")


@dataclass(frozen=True, slots=True)
class Age:
    """Age in completed years on a day; the day of the count where ``on`` is None."""

    comparison: str
    years: int
    on: date | None = None


@dataclass(frozen=True, slots=True)
class Born:
    """Year of birth."""

    comparison: str
    year: int


@dataclass(frozen=True, slots=True)
class Sex:
    """ "female" or "male", as OMOP's standard concepts."""

    word: str


@dataclass(frozen=True, slots=True)
class Near:
    """Only events from ``first`` to ``last`` days after the start of one of another kind; negative is before."""

    first: int
    last: int
    other: Event


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened.

    concepts : None for any; first, last : days between which it began, both included, None for open.
    value    : comparison and number that a measurement or observation meets.
    times    : on at least so many different days.
    """

    domain: Domain
    concepts: ConceptSet | None = None
    first: date | None = None
    last: date | None = None
    value: tuple[str, float] | None = None
    times: int = 1
    near: Near | None = None


@dataclass(frozen=True, slots=True)
class Every:
    """All parts hold."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """At least one part holds."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: Condition


Condition = Age | Born | Sex | Event | Every | Either | Not


@dataclass(frozen=True, slots=True)
class Cohort:
    """Persons for whom the condition holds; all persons where there is none."""

    condition: Condition | None
