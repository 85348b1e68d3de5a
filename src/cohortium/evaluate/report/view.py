"""The report as plain values, before any markup: what the page, the print and the card all show."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from cohortium.errors import InvalidRequest
from cohortium.evaluate.report import charts
from cohortium.evaluate.report.decision import OVERRIDDEN, REFUSED, RELEASED, VERDICTS, Decision
from cohortium.evaluate.report.exhibits import Exhibit, exhibits, key_of
from cohortium.evaluate.report.identity import Fact, identity, made_at
from cohortium.evaluate.report.rows import Row, row_of, rule_of
from cohortium.evaluate.report.sections import HEADINGS, Heading
from cohortium.evaluate.report.uses import Use, limits, uses
from cohortium.records import Evidence, Question, Role, Schema, Status

_HEADLINES = {RELEASED: "May leave", REFUSED: "May not leave", OVERRIDDEN: "Leaves by override"}


@dataclass(frozen=True, slots=True)
class Section:
    """One question of the report: its heading, rows, figures, and how many rows came out how."""

    name: str
    heading: Heading
    rows: tuple[Row, ...]
    exhibits: tuple[Exhibit, ...]
    counts: dict[str, int]
    statement: str = ""


@dataclass(frozen=True, slots=True)
class Glance:
    """All rules in one drawing, for a wide and for a narrow page, and its key."""

    wide: str
    narrow: str
    key: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that the report says, in the order in which it says it."""

    title: str
    verdict: str
    headline: str
    because: str
    policy: str
    reasons: tuple[str, ...]
    restrictions: tuple[str, ...]
    advice: tuple[str, ...]
    override_reason: str
    counts: dict[str, int]
    uses: tuple[Use, ...]
    limits: tuple[str, ...]
    facts: tuple[Fact, ...]
    guarantee: str
    glance: Glance | None
    sections: tuple[Section, ...]
    columns: tuple[tuple[str, str, str, str], ...]
    rules: tuple[str, ...]
    made: datetime | None


def report(evidence: Evidence, decision: Decision, schema: Schema) -> Report:
    """The report of one release.

    Raises : InvalidRequest where the decision's verdict is none that the report knows.
    """
    if decision.verdict not in VERDICTS:
        raise InvalidRequest(f"A verdict is one of {', '.join(VERDICTS)}; '{decision.verdict}' is not.")
    counts = _counts(row.status for row in evidence.findings)
    return Report(
        title=schema.title or str(evidence.facts.get("title", "")) or "Synthetic table",
        verdict=decision.verdict,
        headline=_HEADLINES[decision.verdict],
        because=_because(decision, counts),
        policy=decision.policy,
        reasons=decision.reasons,
        restrictions=decision.limits,
        advice=decision.advice,
        override_reason=decision.override_reason,
        counts=counts,
        uses=uses(evidence),
        limits=limits(evidence),
        facts=identity(evidence.facts),
        guarantee=str(evidence.guarantee),
        glance=_glance(evidence),
        sections=_sections(evidence, schema),
        columns=tuple(_column(schema, name) for name in schema.names),
        rules=tuple(str(rule) for rule in schema.constraints),
        made=made_at(evidence.facts),
    )


def _counts(statuses: Iterable[Status]) -> dict[str, int]:
    found = list(statuses)
    return {status.value: found.count(status) for status in Status}


def _because(decision: Decision, counts: dict[str, int]) -> str:
    policy = f"the policy “{decision.policy}”"
    kept_in = f"{_rules(len(decision.reasons))} of {policy}, on which its release depends"
    if decision.verdict == OVERRIDDEN:
        doubt = f"it breaks {kept_in}" if decision.reasons else f"{policy} refuses it"
        return f"This synthetic table leaves because a person decided so, although {doubt}."
    if decision.verdict == REFUSED:
        doubt = f"it breaks {kept_in}" if decision.reasons else f"{policy} refuses it"
        return f"This synthetic table may not leave, because {doubt}."
    failed, passed = counts[Status.FAIL.value], counts[Status.PASS.value]
    if failed:
        return (
            f"This synthetic table may leave, because it keeps every rule of {policy} on which its release depends. "
            f"{_rules(failed).capitalize()} that it breaks {'limits' if failed == 1 else 'limit'} what it is fit for."
        )
    if not passed:
        return f"This synthetic table may leave under {policy}, which judged none of its rows."
    kept = f"all {passed} rules" if passed > 1 else _rules(passed)
    return f"This synthetic table may leave, because it keeps {kept} of {policy}."


def _rules(number: int) -> str:
    return "one rule" if number == 1 else f"{number} rules"


def _glance(evidence: Evidence) -> Glance | None:
    """The overview of all rules; None where there is nothing to draw."""
    rules = [rule for finding in evidence.findings if (rule := rule_of(finding)) is not None]
    if not rules:
        return None
    order = list(HEADINGS)
    places = {HEADINGS[question].title: place for place, question in enumerate(order)}
    rules.sort(key=lambda rule: places[rule.group])
    key = key_of(("dot", "within the limit"), ("dot-fail", "beyond it"), ("reference", "real held-out persons"))
    return Glance(charts.forest(rules), charts.forest(rules, wide=False), key)


def _sections(evidence: Evidence, schema: Schema) -> tuple[Section, ...]:
    shown = exhibits(evidence, schema)
    made = []
    for question, heading in HEADINGS.items():
        rows = [finding for finding in evidence.findings if finding.question is question]
        figures = shown.get(question, ())
        statement = str(evidence.guarantee) if question is Question.FORMAL else ""
        if rows or figures or statement:
            counts = _counts(row.status for row in rows)
            made.append(
                Section(
                    question.value, heading, tuple(map(row_of, rows)), figures, counts, _formal(evidence, statement)
                )
            )
    return tuple(made)


def _formal(evidence: Evidence, statement: str) -> str:
    if not statement:
        return ""
    if not evidence.guarantee.is_formal:
        return "This table carries no formal guarantee; its privacy is shown by attack only."
    counted = f", counted by {evidence.guarantee.accountant}" if evidence.guarantee.accountant else ""
    return f"This table was made with {statement}{counted}."


def _column(schema: Schema, name: str) -> tuple[str, str, str, str]:
    column = schema[name]
    roles = ", ".join(role.value.replace("_", " ") for role in Role if role in column.roles)
    return column.name, column.kind.value, column.unit or "", roles
