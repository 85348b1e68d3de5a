"""The engine: every registered check, on every column and rule that it is meant for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import cohortium.quality.checks  # noqa: F401 - registers the checks
from cohortium.errors import NotApplicable
from cohortium.quality.findings import CheckResult, CheckStatus, Dimension, Outcome
from cohortium.quality.inspection import Inspection
from cohortium.records import Column, Constraint, Table
from cohortium.registry import Entry, entries

Subject = Column | Constraint | None


@dataclass(frozen=True, slots=True)
class _Check:
    """A registered check with its facts under their names."""

    name: str
    finding: str
    run: Callable[[Inspection, Any], Outcome]
    asks: str
    severity: str
    title: str
    over: str
    applies: Callable[[Any], bool] | None
    tolerates: float
    fails_above: float
    advice: str

    @classmethod
    def of(cls, entry: Entry) -> _Check:
        return cls(name=entry.name, finding=entry.summary, run=entry.thing, **entry.facts)

    def suits(self, subject: Subject) -> bool:
        return self.applies is None or self.applies(subject)


def run_checks(table: Table, *, today: date | None = None) -> tuple[CheckResult, ...]:
    """What every check finds in ``table``: one line per check and column, rule or table, in the order of the checks.

    A check that suits no column of the table leaves one line, "not applicable".
    today   : the day of the inspection; later dates lie in the future. Without it, nothing is said about the future.
    Reveals : counts and rules, and levels that ten persons or more carry; for those who may see the table itself.
    """
    inspection = Inspection(table, today)
    checks = [_Check.of(entry) for entry in entries("check")]
    found: dict[str, list[CheckResult]] = {check.name: [] for check in checks}
    for subject, over in _subjects(table):
        for check in checks:
            if check.over == over and check.suits(subject):
                found[check.name].append(_result(check, inspection, subject))
    return tuple(
        line
        for check in checks
        for line in found[check.name] or [_line(check, None, "The table has no column, or rule, that it is meant for.")]
    )


def _subjects(table: Table) -> Iterator[tuple[Subject, str]]:
    # Column by column rather than check by check: what one check computes, the next one finds in the inspection.
    for column in table.schema.columns:
        yield column, "column"
    for rule in table.schema.constraints:
        yield rule, "rule"
    yield None, "table"


def _result(check: _Check, inspection: Inspection, subject: Subject) -> CheckResult:
    try:
        outcome = check.run(inspection, subject)
    except NotApplicable as reason:
        return _line(check, subject, str(reason))
    if not outcome.considered:
        return _line(check, subject, "There is nothing to look at.")
    status = _status(check, outcome.failed / outcome.considered)
    return _line(check, subject, outcome.note, outcome, status)


def _status(check: _Check, share: float) -> CheckStatus:
    if share <= check.tolerates:
        return CheckStatus.PASS
    if check.severity == "fail" and share > max(check.tolerates, check.fails_above):
        return CheckStatus.FAIL
    return CheckStatus.WARN


def _line(
    check: _Check,
    subject: Subject,
    note: str,
    outcome: Outcome | None = None,
    status: CheckStatus = CheckStatus.NOT_APPLICABLE,
) -> CheckResult:
    columns = () if subject is None else (subject.name,) if isinstance(subject, Column) else subject.columns
    bad = status in (CheckStatus.FAIL, CheckStatus.WARN)
    return CheckResult(
        check=check.name,
        title=check.title,
        finding=check.finding,
        dimension=Dimension(check.asks),
        subject="" if subject is None else subject.name if isinstance(subject, Column) else str(subject),
        columns=columns,
        failed=outcome.failed if outcome else 0,
        considered=outcome.considered if outcome else 0,
        unit=outcome.unit if outcome else "rows",
        tolerates=check.tolerates,
        fails_above=max(check.tolerates, check.fails_above) if check.severity == "fail" else None,
        status=status,
        note=note,
        advice=check.advice if bad else "",
    )
