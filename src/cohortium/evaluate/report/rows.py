"""A finding as a row that a person reads, and as a rule on the overview's common axis."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from cohortium.evaluate.report import charts
from cohortium.evaluate.report.glossary import meaning
from cohortium.evaluate.report.limits import Limit, read_limit
from cohortium.evaluate.report.numbers import count, estimate, number
from cohortium.evaluate.report.sections import HEADINGS
from cohortium.pages.scale import plain
from cohortium.records import Finding, Score, Status
from cohortium.registry import entries

_TONES = {Status.PASS: "pass", Status.FAIL: "fail", Status.INFORMATIVE: "info", Status.NOT_APPLICABLE: "info"}
_BETTER = {"lower": "lower is better", "higher": "higher is better", "nearer": "nearer to real is better"}


@dataclass(frozen=True, slots=True)
class Row:
    """One finding in words; ``drawing`` is its value on a line, ``better`` is said where no limit says it."""

    anchor: str
    title: str
    meaning: str
    better: str
    value: str
    interval: str
    n: str
    reference: str
    limit: str
    status: str
    reason: str
    advice: str
    drawing: str


def row_of(finding: Finding) -> Row:
    """The row of a finding; where it does not apply, its reason stands in place of a value."""
    score = finding.score
    value, interval, reference = ("", "", "") if score is None else estimate(score)
    return Row(
        anchor="row-" + re.sub(r"[^a-z0-9]+", "-", finding.metric.lower()).strip("-"),
        title=finding.title,
        meaning="" if score is None else meaning(finding.metric),
        better="" if finding.limit else _BETTER.get(finding.better, ""),
        value=value,
        interval=interval,
        n=count(score.n) if score is not None and score.n else "",
        reference=reference,
        limit=finding.limit,
        status=finding.status.value,
        reason=finding.reason or _surprise(finding),
        advice=finding.advice,
        drawing="" if score is None else _drawn(finding, score),
    )


def _surprise(finding: Finding) -> str:
    """Why a row fails although its value keeps the limit."""
    limit = read_limit(finding.limit)
    if (
        finding.status is not Status.FAIL
        or finding.score is None
        or limit is None
        or not limit.accepts(finding.score.value)
    ):
        return ""
    return "Judged by the worse end of its interval."


def _drawn(finding: Finding, score: Score) -> str:
    known = [score.value, score.low, score.high]
    if not all(map(math.isfinite, known)):
        return ""
    limit = read_limit(finding.limit)
    reference = score.reference if score.reference is not None and math.isfinite(score.reference) else None
    bounds = () if limit is None else limit.bounds
    if len({*known, *bounds, *([] if reference is None else [reference])}) == 1:
        return ""  # a single place on a line says less than its number
    tone = _TONES[finding.status]
    return charts.interval(f"{finding.title} on a line", score.value, score.low, score.high, reference, limit, tone)


def rule_of(finding: Finding) -> charts.Rule | None:
    """The finding in steps from the best possible (0) to the policy's limit (1); None where it cannot be drawn so."""
    score, limit = finding.score, read_limit(finding.limit)
    if score is None or limit is None or finding.status not in (Status.PASS, Status.FAIL):
        return None
    if not all(map(math.isfinite, (score.value, score.low, score.high))):
        return None
    best = _best(finding, limit)
    bound = _bound(limit, best, score.value)
    low, high = sorted((_steps(score.low, best, bound), _steps(score.high, best, bound)))
    reference = None if score.reference is None else _steps(score.reference, best, bound)
    said = f"{number(score.value)} (limit {plain(bound)})"
    group = HEADINGS[finding.question].title
    passes = finding.status is Status.PASS
    return charts.Rule(group, finding.title, _steps(score.value, best, bound), low, high, reference, passes, said)


def _bound(limit: Limit, best: float, value: float) -> float:
    if limit.low is None or limit.high is None:
        return limit.low if limit.low is not None else limit.high if limit.high is not None else best
    return limit.high if value >= best else limit.low


def _best(finding: Finding, limit: Limit) -> float:
    """What the metric declares as its best; else the end of its range, or 0 where it is a difference."""
    facts = next((entry.facts for entry in entries("metric") if entry.name == finding.metric), {})
    if facts.get("ideal") is not None:
        return float(facts["ideal"])
    if finding.better == "nearer":
        return sum(limit.bounds) / 2 if len(limit.bounds) == 2 else 0.0
    low, high = facts.get("range", (0.0, 1.0))
    is_difference = low < 0 and high != 1.0
    best = low if finding.better == "lower" else high
    return 0.0 if is_difference or not math.isfinite(best) else max(float(best), 0.0)


def _steps(value: float, best: float, bound: float) -> float:
    if not math.isfinite(value):
        return 0.0
    if abs(bound - best) > 1e-12:
        return (value - best) / (bound - best)
    # The limit is the best possible itself: whatever reaches it is as good as can be.
    return 0.0 if abs(value - best) < 1e-12 else math.inf
