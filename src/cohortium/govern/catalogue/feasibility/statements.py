"""A cohort as one DuckDB statement over a CDM's tables; every value in it is a parameter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from cohortium.errors import NotApplicable
from cohortium.govern.catalogue.feasibility.cohort import (
    COMPARISONS,
    Age,
    Born,
    Cohort,
    Condition,
    Either,
    Event,
    Every,
    Not,
    Sex,
)
from cohortium.govern.catalogue.feasibility.concept_sets import ConceptSet
from cohortium.govern.catalogue.feasibility.domains import SEXES, Domain

PERSONS = "SELECT person_id FROM source.person"


@dataclass(slots=True)
class Statement:
    """A statement that is being written.

    tables     : of the CDM that are there, with their columns' names.
    parameters : name -> value, as DuckDB takes them.
    """

    tables: Mapping[str, frozenset[str]]
    parameters: dict[str, Any] = field(default_factory=dict)

    def put(self, value: Any) -> str:
        """The placeholder that stands for a value."""
        name = f"p{len(self.parameters)}"
        self.parameters[name] = value
        return f"${name}"

    def compared(self, left: str, comparison: str, value: float) -> str:
        """A comparison with a number; the comparison is one of a fixed list."""
        if comparison not in COMPARISONS:
            raise NotApplicable("There is no such comparison.")
        return f"{left} {comparison} {self.put(value)}"

    def require(self, domain: Domain) -> None:
        """Raises NotApplicable where the CDM lacks the table or its columns."""
        needed = {"person_id", domain.concept, domain.start, *(["value_as_number"] if domain.has_value else [])}
        if domain.word == "death":
            needed.discard(domain.concept)
        if not needed <= self.tables.get(domain.table, frozenset()):
            raise NotApplicable(f"This CDM has no table '{domain.table}' with the columns {sorted(needed)}.")

    def among(self, column: str, concepts: ConceptSet) -> str:
        """Whether a column has a concept of the set."""
        found = f"{column} IN ({self._below(concepts, excluded=False)})"
        if concepts.ids(excluded=True):
            found += f" AND {column} NOT IN ({self._below(concepts, excluded=True)})"
        return f"({found})"

    def _below(self, concepts: ConceptSet, *, excluded: bool) -> str:
        ids = concepts.ids(excluded=excluded)
        query = f"SELECT unnest({self.put(ids)}::BIGINT[])"
        wider = concepts.ids(excluded=excluded, descendants=True)
        if wider and "concept_ancestor" in self.tables:
            query += (
                " UNION SELECT descendant_concept_id FROM source.concept_ancestor "  # noqa: S608
                f"WHERE ancestor_concept_id IN (SELECT unnest({self.put(wider)}::BIGINT[]))"
            )
        return query


def members(cohort: Cohort, tables: Mapping[str, frozenset[str]], today: date) -> tuple[str, dict[str, Any]]:
    """The statement that gives the cohort's person_id, each once, and its parameters.

    Raises : NotApplicable where the CDM lacks a table that it needs.
    """
    statement = Statement(tables)
    query = PERSONS if cohort.condition is None else _persons(statement, cohort.condition, today)
    return f"SELECT DISTINCT person_id FROM ({query}) WHERE person_id IN ({PERSONS})", statement.parameters  # noqa: S608


def _persons(statement: Statement, condition: Condition, today: date) -> str:
    """The persons for whom a condition holds."""
    match condition:
        case Every():
            return " INTERSECT ".join(f"({_persons(statement, part, today)})" for part in condition.parts)
        case Either():
            return " UNION ".join(f"({_persons(statement, part, today)})" for part in condition.parts)
        case Not():
            return f"({PERSONS}) EXCEPT ({_persons(statement, condition.part, today)})"
        case Age():
            day = statement.put(condition.on or today)
            years = f"date_part('year', age({day}::DATE, {born(statement)}))"
            return f"{PERSONS} WHERE {statement.compared(years, condition.comparison, condition.years)}"
        case Born():
            return f"{PERSONS} WHERE {statement.compared('year_of_birth', condition.comparison, condition.year)}"
        case Sex():
            return f"{PERSONS} WHERE gender_concept_id = {statement.put(SEXES[condition.word])}"
        case Event():
            counted = f"GROUP BY e.person_id HAVING count(DISTINCT e.start) >= {statement.put(condition.times)}"
            return f"SELECT e.person_id FROM ({_events(statement, condition)}) e {counted}"  # noqa: S608


def born(statement: Statement) -> str:
    """The day of birth; a month or day that is not known counts as the first."""
    known = statement.tables["person"]
    month = "coalesce(month_of_birth, 1)" if "month_of_birth" in known else "1"
    day = "coalesce(day_of_birth, 1)" if {"month_of_birth", "day_of_birth"} <= known else "1"
    return f"make_date(year_of_birth, {month}, {day})"


def _events(statement: Statement, event: Event) -> str:
    """person_id and start of the events."""
    domain = event.domain
    statement.require(domain)
    tests = []
    if event.concepts is not None:
        tests.append(statement.among(f"t.{domain.concept}", event.concepts))
    if event.first is not None:
        tests.append(f"t.{domain.start} >= {statement.put(event.first)}")
    if event.last is not None:
        tests.append(f"t.{domain.start} <= {statement.put(event.last)}")
    if event.value is not None:
        tests.append(statement.compared("t.value_as_number", *event.value))
    if event.near is not None:
        first, last = statement.put(event.near.first), statement.put(event.near.last)
        tests.append(
            f"EXISTS (SELECT 1 FROM ({_events(statement, event.near.other)}) o WHERE o.person_id = t.person_id "  # noqa: S608
            f"AND t.{domain.start} BETWEEN o.start + CAST({first} AS INTEGER) AND o.start + CAST({last} AS INTEGER))"
        )
    where = f" WHERE {' AND '.join(tests)}" if tests else ""
    return f"SELECT t.person_id, t.{domain.start} AS start FROM source.{domain.table} t{where}"  # noqa: S608
