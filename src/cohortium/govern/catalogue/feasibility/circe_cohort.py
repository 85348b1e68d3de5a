"""A cohort of ATLAS as a tree: primary events, and groups of what must have happened around them.

Source : OHDSI circe-be, CohortExpression.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from cohortium.govern.catalogue.feasibility.concept_sets import ConceptSet
from cohortium.govern.catalogue.feasibility.domains import Domain


@dataclass(frozen=True, slots=True)
class Range:
    """A comparison with a number or day; ``high`` for the two of "between" alone."""

    comparison: str
    low: float | date
    high: float | date | None = None


@dataclass(frozen=True, slots=True)
class Criterion:
    """Events of one domain.

    first_only : only the first that a person ever had of these concepts; further conditions are on that one.
    age, sexes : of the person when it began; sexes, values, units : OMOP concepts, none for any.
    """

    domain: Domain
    concepts: ConceptSet | None
    first_only: bool = False
    start: Range | None = None
    age: Range | None = None
    sexes: tuple[int, ...] = ()
    value: Range | None = None
    values: tuple[int, ...] = ()
    units: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Occurs:
    """How often events happen from ``first`` to ``last`` days after the primary event; None for open.

    anywhen : also outside of the observation period of the primary event.
    """

    criterion: Criterion
    comparison: str
    count: int
    first: int | None = None
    last: int | None = None
    anywhen: bool = False


@dataclass(frozen=True, slots=True)
class Demographic:
    """Of the person at the primary event."""

    age: Range | None = None
    sexes: tuple[int, ...] = ()
    start: Range | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Parts of which all (``comparison`` is None) hold, or so many."""

    parts: tuple[Occurs | Demographic | Group, ...]
    comparison: str | None = None
    count: int = 0


@dataclass(frozen=True, slots=True)
class CirceCohort:
    """A cohort definition: persons with a primary event that meets all groups.

    prior_days, post_days : of observation that the event needs before and after it.
    first_only, qualified_first : whether only a person's first event is looked at, before and after ``additional``; as
                           in ATLAS, the latter counts only where there are additional criteria.
    """

    primary: tuple[Criterion, ...]
    prior_days: int
    post_days: int
    first_only: bool
    additional: Group | None
    qualified_first: bool
    rules: tuple[Group, ...]
