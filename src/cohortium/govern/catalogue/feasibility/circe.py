"""Cohort definitions of ATLAS (Circe JSON): the common part is read, everything else is refused by its name.

Read are: primary events with their observation window and limit; additional criteria and inclusion rules, which are
groups (all, any, at least, at most) of counted events in windows of days around the primary event, of demographic
criteria, and of further groups; concept sets with descendants and exclusions. How a cohort ends (EndStrategy, eras,
censoring by dates) decides on when its members leave, not on who they are, and is passed over.

Source : OHDSI circe-be, CohortExpression; the meaning of each part is that of its SQL templates.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any, Literal

from cohortium.errors import InvalidRequest
from cohortium.govern.catalogue.feasibility.circe_cohort import (
    CirceCohort,
    Criterion,
    Demographic,
    Group,
    Occurs,
    Range,
)
from cohortium.govern.catalogue.feasibility.concept_sets import ConceptSet, read_concept_set
from cohortium.govern.catalogue.feasibility.domains import BY_CIRCE
from cohortium.govern.catalogue.feasibility.plain import known_only, listed, told

MOST_BYTES, DEEPEST, MOST_DAYS = 4_000_000, 20, 100_000
_OPS = {"lt": "<", "lte": "<=", "eq": "=", "gt": ">", "gte": ">=", "bt": "between", "!bt": "not between"}
_OCCURS = {0: "=", 1: "<=", 2: ">="}
_PASSED_OVER = {"Title", "EndStrategy", "CollapseSettings", "cdmVersionRange", "ExpressionLimit"}


def read_circe(text: str | bytes) -> CirceCohort:
    """The cohort of a definition as ATLAS exports it.

    Raises : InvalidRequest where it is none, or names what is not supported.
    """
    if len(text) > MOST_BYTES:
        raise InvalidRequest(f"A cohort definition has at most {MOST_BYTES:,} bytes.")
    try:
        plain = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidRequest("A cohort definition is JSON, as ATLAS exports it.") from error
    if isinstance(plain, Mapping) and isinstance(plain.get("expression"), Mapping) and "PrimaryCriteria" not in plain:
        plain = plain["expression"]
    if not isinstance(plain, Mapping):
        raise InvalidRequest("A cohort definition is a JSON object.")
    return _Reader(plain).cohort()


class _Reader:
    def __init__(self, plain: Mapping[str, Any]) -> None:
        self.plain = plain
        self.sets: dict[int, ConceptSet] = {}
        for one in listed(plain, "ConceptSets", "the definition"):
            number, expression = told(one, "id", int, "a concept set"), told(one, "expression", dict, "a concept set")
            self.sets[number] = read_concept_set(expression, str(one.get("name", ""))[:100])

    def cohort(self) -> CirceCohort:
        plain = self.plain
        known = {"ConceptSets", "PrimaryCriteria", "AdditionalCriteria", "QualifiedLimit", "InclusionRules"}
        known_only(plain, {*known, *_PASSED_OVER}, "the definition")
        primary = told(plain, "PrimaryCriteria", dict, "the definition")
        known_only(primary, {"CriteriaList", "ObservationWindow", "PrimaryCriteriaLimit"}, "the primary criteria")
        criteria = tuple(self.criterion(one) for one in listed(primary, "CriteriaList", "the primary criteria"))
        if not criteria:
            raise InvalidRequest("A cohort definition has at least one primary criterion.")
        window = primary.get("ObservationWindow") or {}
        rules = listed(plain, "InclusionRules", "the definition")
        return CirceCohort(
            criteria,
            _days(window, "PriorDays"),
            _days(window, "PostDays"),
            _is_first(primary, "PrimaryCriteriaLimit"),
            self.group(plain.get("AdditionalCriteria"), "the additional criteria"),
            _is_first(plain, "QualifiedLimit") and plain.get("AdditionalCriteria") is not None,
            tuple(
                group
                for one in rules
                if (group := self.group(one.get("expression"), f"the rule '{str(one.get('name', ''))[:60]}'"))
            ),
        )

    def group(self, plain: Any, where: str, depth: int = 0) -> Group | None:
        """A group; None for one without parts, which asks for nothing."""
        if plain is None:
            return None
        if not isinstance(plain, Mapping) or depth > DEEPEST:
            raise InvalidRequest(f"In {where}, a group is no object, or groups are more than {DEEPEST} deep.")
        known_only(plain, {"Type", "Count", "CriteriaList", "DemographicCriteriaList", "Groups"}, where)
        inner = [self.group(one, where, depth + 1) for one in listed(plain, "Groups", where)]
        parts: tuple[Occurs | Demographic | Group, ...] = (
            *(self.occurs(one, where) for one in listed(plain, "CriteriaList", where)),
            *(_demographic(one, where) for one in listed(plain, "DemographicCriteriaList", where)),
            *(one for one in inner if one is not None),
        )
        if not parts:
            return None
        match plain.get("Type"):
            case "ALL":
                return Group(parts)
            case "ANY":
                return Group(parts, ">=", 1)
            case "AT_LEAST":
                return Group(parts, ">=", told(plain, "Count", int, where))
            case "AT_MOST":
                return Group(parts, "<=", told(plain, "Count", int, where))
        raise InvalidRequest(f"In {where}, a group's Type is ALL, ANY, AT_LEAST or AT_MOST.")

    def occurs(self, plain: Mapping[str, Any], where: str) -> Occurs:
        known_only(plain, {"Criteria", "StartWindow", "Occurrence", "IgnoreObservationPeriod"}, where)
        occurrence = told(plain, "Occurrence", dict, where)
        known_only(occurrence, {"Type", "Count"}, f"an occurrence in {where}")
        kind = told(occurrence, "Type", int, where) if occurrence.get("Type") != 0 else 0
        if kind not in _OCCURS:
            raise InvalidRequest(f"In {where}, an occurrence's Type is 0, 1 or 2.")
        window = plain.get("StartWindow") or {}
        known_only(window, {"Start", "End"}, f"a window in {where}")
        return Occurs(
            self.criterion(told(plain, "Criteria", dict, where)),
            _OCCURS[kind],
            told(occurrence, "Count", int, where),
            _side(window.get("Start"), -1, where),
            _side(window.get("End"), 1, where),
            bool(plain.get("IgnoreObservationPeriod")),
        )

    def criterion(self, plain: Mapping[str, Any]) -> Criterion:
        if len(plain) != 1:
            raise InvalidRequest("A criterion is of one domain, such as ConditionOccurrence.")
        name, asked = next(iter(plain.items()))
        if name not in BY_CIRCE or not isinstance(asked, Mapping):
            raise InvalidRequest(f"Criteria of {str(name)[:60]} are not supported; there are {sorted(BY_CIRCE)}.")
        domain, is_era = BY_CIRCE[name], name.endswith("Era")
        start, age = ("EraStartDate", "AgeAtStart") if is_era else ("OccurrenceStartDate", "Age")
        values = {"ValueAsNumber", "ValueAsConcept", "Unit"} if domain.has_value else set()
        known_only(asked, {"CodesetId", "First", start, age, "Gender", *values}, name)
        codeset = asked.get("CodesetId")
        if codeset is not None and codeset not in self.sets:
            raise InvalidRequest(f"In {name}, the concept set {str(codeset)[:20]} is not in the definition.")
        return Criterion(
            domain, None if codeset is None else self.sets[codeset], bool(asked.get("First")),
            _range(asked.get(start), name, is_day=True), _range(asked.get(age), name), _concepts(asked, "Gender", name),
            _range(asked.get("ValueAsNumber"), name), _concepts(asked, "ValueAsConcept", name),
            _concepts(asked, "Unit", name),
        )  # fmt: skip


def _demographic(plain: Mapping[str, Any], where: str) -> Demographic:
    known_only(plain, {"Age", "Gender", "OccurrenceStartDate"}, f"a demographic criterion in {where}")
    start = _range(plain.get("OccurrenceStartDate"), where, is_day=True)
    return Demographic(_range(plain.get("Age"), where), _concepts(plain, "Gender", where), start)


def _range(plain: Any, where: str, *, is_day: bool = False) -> Range | None:
    if plain is None:
        return None
    if not isinstance(plain, Mapping) or plain.get("Op") not in _OPS:
        raise InvalidRequest(f"In {where}, a range's Op is one of {sorted(_OPS)}.")
    known_only(plain, {"Value", "Extent", "Op"}, f"a range in {where}")
    comparison = _OPS[plain["Op"]]
    ends = [plain.get("Value"), *([plain.get("Extent")] if "between" in comparison else [])]
    return Range(comparison, *(_day(one, where) if is_day else _number(one, where) for one in ends))


def _day(value: Any, where: str) -> date:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise InvalidRequest(f"In {where}, a day is written like 2020-01-31.") from None


def _number(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e15:
        raise InvalidRequest(f"In {where}, a range needs its numbers.")
    return value


def _concepts(plain: Mapping[str, Any], name: str, where: str) -> tuple[int, ...]:
    return tuple(told(one, "CONCEPT_ID", int, where) for one in listed(plain, name, where))


def _days(plain: Mapping[str, Any], name: str) -> int:
    value = plain.get(name, 0)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST_DAYS:
        raise InvalidRequest(f"An observation window's {name} is a whole number from 0 to {MOST_DAYS:,}.")
    return value


def _side(plain: Any, open_side: Literal[-1, 1], where: str) -> int | None:
    """Days after the primary event; None where it is open towards that side."""
    if plain is None:
        return None
    days, sign = (plain.get("Days"), plain.get("Coeff")) if isinstance(plain, Mapping) else (None, None)
    if sign not in (-1, 1) or (days is None and sign != open_side):
        raise InvalidRequest(f"In {where}, a window's side has Days, and Coeff -1 or 1.")
    if days is None:
        return None
    if isinstance(days, bool) or not isinstance(days, int) or not 0 <= days <= MOST_DAYS:
        raise InvalidRequest(f"In {where}, a window's Days are a whole number from 0 to {MOST_DAYS:,}.")
    return days if sign == 1 else -days


def _is_first(plain: Mapping[str, Any], name: str) -> bool:
    limit = plain.get(name) or {}
    kind = limit.get("Type", "All") if isinstance(limit, Mapping) else None
    if kind not in ("First", "All"):
        raise InvalidRequest(f"A {name} of another type than First or All is not supported.")
    return bool(kind == "First")
