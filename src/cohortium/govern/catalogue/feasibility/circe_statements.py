"""A cohort of ATLAS as one DuckDB statement over a CDM's tables; every value in it is a parameter.

Each primary event has a number. What must happen around it is counted per number in a table of its own, and joined: the
statement has no subquery that depends on a row, which databases turn into joins in ways of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cohortium.errors import NotApplicable
from cohortium.govern.catalogue.feasibility.circe_cohort import (
    CirceCohort,
    Criterion,
    Demographic,
    Group,
    Occurs,
    Range,
)
from cohortium.govern.catalogue.feasibility.statements import Statement

_OBSERVED = {"person_id", "observation_period_start_date", "observation_period_end_date"}


def circe_members(cohort: CirceCohort, tables: Mapping[str, frozenset[str]]) -> tuple[str, dict[str, Any]]:
    """The statement that gives the cohort's person_id, each once, and its parameters.

    Raises : NotApplicable where the CDM lacks a table that it needs.
    """
    if not tables.get("observation_period", frozenset()) >= _OBSERVED:
        raise NotApplicable("This CDM has no table 'observation_period', without which an ATLAS cohort has no meaning.")
    writer = _Writer(Statement(tables))
    writer.steps.append(("events", writer.primary(cohort)))
    met = writer.met("events", cohort.additional) if cohort.additional else "SELECT * FROM events"
    limited = "QUALIFY row_number() OVER (PARTITION BY person_id ORDER BY start) = 1" if cohort.qualified_first else ""
    writer.steps.append(("qualified", f"SELECT * FROM ({met}) {limited}"))  # noqa: S608
    last = "qualified"
    for number, rule in enumerate(cohort.rules):
        writer.steps.append((f"after_{number}", writer.met(last, rule)))
        last = f"after_{number}"
    steps = ", ".join(f"{name} AS MATERIALIZED ({query})" for name, query in writer.steps)
    return f"WITH {steps} SELECT DISTINCT person_id FROM {last}", writer.statement.parameters  # noqa: S608


class _Writer:
    """The steps of one statement: name and query, each of which may use the earlier ones."""

    def __init__(self, statement: Statement) -> None:
        self.statement, self.steps = statement, list[tuple[str, str]]()

    def primary(self, cohort: CirceCohort) -> str:
        """Primary events, each with a number, its observation period and what is known of the person."""
        events = " UNION ALL ".join(_criterion(self.statement, one) for one in cohort.primary)
        prior, post = self.statement.put(cohort.prior_days), self.statement.put(cohort.post_days)
        first = "QUALIFY row_number() OVER (PARTITION BY p.person_id ORDER BY p.start) = 1" if cohort.first_only else ""
        return (
            "SELECT row_number() OVER () AS event, p.person_id, p.start, o.observation_period_start_date AS op_start, "  # noqa: S608
            "o.observation_period_end_date AS op_end, d.year_of_birth, d.gender_concept_id "
            f"FROM ({events}) p JOIN source.person d ON d.person_id = p.person_id "
            "JOIN source.observation_period o ON o.person_id = p.person_id "
            "AND p.start BETWEEN o.observation_period_start_date AND o.observation_period_end_date "
            f"WHERE o.observation_period_start_date + CAST({prior} AS INTEGER) <= p.start "
            f"AND p.start + CAST({post} AS INTEGER) <= o.observation_period_end_date {first}"
        )

    def met(self, events: str, group: Group) -> str:
        """The events that meet a group."""
        joins: list[str] = []
        condition = self.group(events, group, joins)
        joined = " ".join(f"LEFT JOIN {name} ON {name}.event = e.event" for name in joins)
        return f"SELECT e.* FROM {events} e {joined} WHERE {condition}"  # noqa: S608

    def group(self, events: str, group: Group, joins: list[str]) -> str:
        parts = [self.part(events, one, joins) for one in group.parts]
        if group.comparison is None:
            return f"({' AND '.join(parts)})"
        met = " + ".join(f"CAST({one} AS INTEGER)" for one in parts)
        return f"({self.statement.compared(f'({met})', group.comparison, group.count)})"

    def part(self, events: str, part: Occurs | Demographic | Group, joins: list[str]) -> str:
        match part:
            case Group():
                return self.group(events, part, joins)
            case Demographic():
                return self.demographic(part)
            case Occurs():
                name = f"counted_{len(self.steps)}"
                self.steps.append((name, self.counted(events, part)))
                joins.append(name)
                return f"({self.statement.compared(f'coalesce({name}.times, 0)', part.comparison, part.count)})"

    def counted(self, events: str, part: Occurs) -> str:
        """How often something happened around each event; events around which it never did are not in it."""
        tests = ["c.person_id = e.person_id"]
        if not part.anywhen:
            tests.append("c.start BETWEEN e.op_start AND e.op_end")
        for comparison, days in ((">=", part.first), ("<=", part.last)):
            if days is not None:
                tests.append(f"c.start {comparison} e.start + CAST({self.statement.put(days)} AS INTEGER)")
        others = _criterion(self.statement, part.criterion)
        where = " AND ".join(tests)
        return f"SELECT e.event, count(*) AS times FROM {events} e JOIN ({others}) c ON {where} GROUP BY e.event"  # noqa: S608

    def demographic(self, part: Demographic) -> str:
        tests = []
        if part.age is not None:
            tests.append(_within(self.statement, "year(e.start) - e.year_of_birth", part.age))
        if part.sexes:
            tests.append(_one_of(self.statement, "e.gender_concept_id", part.sexes))
        if part.start is not None:
            tests.append(_within(self.statement, "e.start", part.start))
        return f"coalesce({' AND '.join(tests) or 'true'}, false)"


def _criterion(statement: Statement, one: Criterion) -> str:
    """person_id and start of the events that a criterion describes."""
    domain = one.domain
    statement.require(domain)
    among = "true" if one.concepts is None else statement.among(f"t.{domain.concept}", one.concepts)
    rows = f"SELECT t.*, t.{domain.start} AS start FROM source.{domain.table} t WHERE {among}"  # noqa: S608
    if one.first_only:
        rows = f"SELECT * FROM ({rows}) QUALIFY row_number() OVER (PARTITION BY person_id ORDER BY start) = 1"  # noqa: S608
    tests = []
    if one.start is not None:
        tests.append(_within(statement, "t.start", one.start))
    if one.age is not None:
        tests.append(_within(statement, "year(t.start) - p.year_of_birth", one.age))
    if one.sexes:
        tests.append(_one_of(statement, "p.gender_concept_id", one.sexes))
    if one.value is not None:
        tests.append(_within(statement, "t.value_as_number", one.value))
    if one.values:
        tests.append(_one_of(statement, "t.value_as_concept_id", one.values))
    if one.units:
        tests.append(_one_of(statement, "t.unit_concept_id", one.units))
    joined = "JOIN source.person p ON p.person_id = t.person_id" if one.age or one.sexes else ""
    where = f"WHERE {' AND '.join(tests)}" if tests else ""
    return f"SELECT t.person_id, t.start FROM ({rows}) t {joined} {where}"  # noqa: S608


def _within(statement: Statement, left: str, within: Range) -> str:
    if within.high is None:
        return f"({left} {within.comparison} {statement.put(within.low)})"
    return f"({left} {within.comparison} {statement.put(within.low)} AND {statement.put(within.high)})"


def _one_of(statement: Statement, column: str, concepts: tuple[int, ...]) -> str:
    return f"({column} IN (SELECT unnest({statement.put(list(concepts))}::BIGINT[])))"
