"""What a synthetic table may be used for, and its limits, as they follow from the findings."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum

from cohortium.evaluate.report.sections import HEADINGS
from cohortium.records import Evidence, Finding, Question, Status


class Standing(StrEnum):
    """Whether the findings support a use."""

    FIT = "fit"
    UNFIT = "not fit"
    OPEN = "not shown"


@dataclass(frozen=True, slots=True)
class Use:
    """A use, whether the findings support it, and because of which of them."""

    name: str
    standing: Standing
    because: str


# A use rests on sections of the report: it is supported where each of them has a row that passes and none that fails.
_RESTS_ON: tuple[tuple[str, tuple[Question, ...]], ...] = (
    ("Developing and testing software, teaching", (Question.VALIDITY,)),
    ("Exploring the data and planning a study", (Question.VALIDITY, Question.JOINT)),
    ("Developing prediction models, to be confirmed on real patients", (Question.JOINT, Question.UTILITY)),
    ("Survival analysis, to be confirmed on real patients", (Question.SURVIVAL,)),
    ("Comparing subgroups of patients", (Question.FAIRNESS,)),
)

NEVER = (
    "Deciding about the care, insurance or employment of any person",
    "Finding out who the patients were, or linking the rows with other data about persons",
    "Reporting a result about patients that was not confirmed on the real data",
)


def uses(evidence: Evidence) -> tuple[Use, ...]:
    """Every use that the report speaks of, with its standing."""
    return tuple(_judged(name, questions, evidence.findings) for name, questions in _RESTS_ON)


def _judged(name: str, questions: tuple[Question, ...], findings: tuple[Finding, ...]) -> Use:
    rows = [finding for finding in findings if finding.question in questions]
    failed = [finding.title for finding in rows if finding.status is Status.FAIL]
    if failed:
        return Use(name, Standing.UNFIT, f"The policy's limit is missed by: {'; '.join(failed)}.")
    passed = {finding.question for finding in rows if finding.status is Status.PASS}
    missing = [question for question in questions if question not in passed]
    if not missing:
        kept = sum(finding.status is Status.PASS for finding in rows)
        return Use(name, Standing.FIT, f"{'All' if kept > 1 else 'The'} {_rules(kept)} that it rests on {_hold(kept)}.")
    return Use(name, Standing.OPEN, _silence([finding for finding in rows if finding.question in missing], missing))


def _silence(rows: list[Finding], questions: list[Question]) -> str:
    """Why nothing was judged of these questions: the common reason where none applies, else that no rule asks."""
    reasons = {finding.reason for finding in rows}
    if len(reasons) == 1 and all(finding.status is Status.NOT_APPLICABLE for finding in rows):
        return reasons.pop()
    return f"The policy judged nothing on {' and '.join(HEADINGS[question].title.lower() for question in questions)}."


def _rules(number: int) -> str:
    return "rule" if number == 1 else f"{number} rules"


def _hold(number: int) -> str:
    return "holds" if number == 1 else "hold"


def limits(evidence: Evidence) -> tuple[str, ...]:
    """What a reader must know before relying on the table, one sentence each."""
    return (*_of_privacy(evidence), *_of_findings(evidence), *_of_columns(evidence))


def _of_privacy(evidence: Evidence) -> list[str]:
    guarantee = evidence.guarantee
    if guarantee.is_formal:
        return [
            f"The formal guarantee, {guarantee}, bounds what the table can reveal of one {guarantee.unit}. It says "
            "nothing about groups, and nothing about what else was published from the same records."
        ]
    return [
        "There is no formal guarantee. Privacy was tested with the attacks listed here; an attack that nobody has "
        "thought of yet is not among them."
    ]


def _of_findings(evidence: Evidence) -> list[str]:
    said = []
    scored = [finding.score for finding in evidence.findings if finding.score is not None]
    if scored and all(score.reference is None for score in scored):
        said.append("No real persons were held out, so no row can be compared with real persons.")
    failed = [finding for finding in evidence.findings if finding.status is Status.FAIL]
    if failed:
        said.append(f"Beyond the policy's limits: {_by_section(failed)}. The rows say by how much.")
    skipped = [finding for finding in evidence.findings if finding.status is Status.NOT_APPLICABLE]
    if skipped:
        said.append(f"Not applicable, so that the report is silent: {_by_section(skipped)}. The rows say why.")
    return said


def _by_section(findings: list[Finding]) -> str:
    counts = Counter(finding.question for finding in findings)
    return ", ".join(
        f"{HEADINGS[question].title.lower()} ({_rows(counts[question])})" for question in HEADINGS if counts[question]
    )


def _rows(number: int) -> str:
    return "1 row" if number == 1 else f"{number} rows"


def _of_columns(evidence: Evidence) -> list[str]:
    telling = [str(item["column"]) for item in evidence.plots.get("gives_away", ()) if item["gain"] > 0]
    if not telling:
        return []
    return [
        f"A classifier recognises synthetic rows mostly by {_listed(telling[:3])}. Be careful with conclusions that "
        f"rest on {'this column' if len(telling) == 1 else 'these columns'}."
    ]


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
