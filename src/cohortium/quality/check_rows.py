"""The page's lines on checks: a line per finding, and one per check for the columns in which nothing was found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cohortium.quality.findings import CheckResult, CheckStatus
from cohortium.quality.priorities import Priority
from cohortium.quality.wording import joined, percent

MOST_LINES = 1_000
NAMED, _LISTED = 4, 200


@dataclass(frozen=True, slots=True)
class CheckRow:
    """One line of the table of checks: a finding, or all columns in which a check passed or does not apply.

    name   : what is wrong; of a check that passed or does not apply, what is expected.
    others : the columns, where they are too many to stand in the line.
    """

    status: str
    name: str
    dimension: str
    subject: str
    others: str
    failed: str
    share: float
    limit: str
    note: str
    advice: str


def check_rows(pressing: Sequence[Priority], results: Sequence[CheckResult]) -> Iterable[CheckRow]:
    """All lines, the gravest findings first, then what passed and what does not apply."""
    flat = [result for priority in pressing for result in priority.results]
    flat.sort(key=lambda result: result.status is not CheckStatus.FAIL)
    yield from (_line(result) for result in flat[:MOST_LINES])
    if len(flat) > MOST_LINES:
        yield from _together(flat[MOST_LINES:])
    yield from _together([result for result in results if not result.needs_attention])


def _line(result: CheckResult) -> CheckRow:
    return CheckRow(
        status=str(result.status),
        name=result.finding.rstrip("."),
        dimension=str(result.dimension),
        subject=result.subject or "the table",
        others="",
        failed=f"{result.failed:,} of {result.considered:,} ({percent(result.share)})",
        share=result.share,
        limit=_limit(result),
        note=result.note,
        advice=result.advice,
    )


def _where(group: Sequence[CheckResult], subjects: list[str]) -> str:
    if len(subjects) <= NAMED:
        return ", ".join(subjects) or "the table"
    return f"{len(subjects):,} {'columns' if group[0].columns == (group[0].subject,) else 'rules'}"


def _limit(result: CheckResult) -> str:
    limit = f"{100 * result.tolerates:g} %" if result.tolerates else "none"
    fails = result.fails_above
    return f"{limit}, fails above {100 * fails:g} %" if fails and fails > result.tolerates else limit


def _together(results: Sequence[CheckResult]) -> Iterable[CheckRow]:
    """One line per check and status, with the columns where it came out so."""
    groups: dict[tuple[str, CheckStatus, str], list[CheckResult]] = {}
    for result in results:
        # Reasons that name a count or a column differ from column to column; only equal ones are said once.
        reason = result.note if result.status is CheckStatus.NOT_APPLICABLE else ""
        groups.setdefault((result.check, result.status, reason), []).append(result)
    for (_, status, reason), group in groups.items():
        first, worst = group[0], max(group, key=lambda result: result.share)
        subjects = [result.subject for result in group if result.subject]
        some = (
            f"most in {worst.subject or 'the table'}: {worst.failed:,} of {worst.considered:,}" if worst.failed else ""
        )
        yield CheckRow(
            status=str(status),
            name=first.title,
            dimension=str(first.dimension),
            subject=_where(group, subjects),
            others=joined(subjects, _LISTED) if len(subjects) > NAMED else "",
            failed=f"{some} ({percent(worst.share)})" if some else "",
            share=worst.share,
            limit=_limit(first),
            note=reason,
            advice="",
        )
