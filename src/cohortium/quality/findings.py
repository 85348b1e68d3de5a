"""What a check says: how many records fail it, what that means for the column, and what a steward can do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Dimension(StrEnum):
    """What a check asks about, in the order of the page."""

    COMPLETENESS = "completeness"
    PLAUSIBILITY = "plausibility"
    CONFORMANCE = "conformance"
    UNIQUENESS = "uniqueness"
    TIME = "time"


class CheckStatus(StrEnum):
    """What the engine makes of an outcome, the worst first."""

    FAIL = "fail"
    WARN = "warn"
    PASS = "pass"  # noqa: S105 - not a password
    NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a check found in one column, in one rule, or in the table.

    failed     : how many of those looked at fail.
    considered : how many were looked at.
    note       : what was found, in plain words; columns, counts and rules, never a patient's value.
    unit       : what is counted: "rows", "persons", "levels" or "columns".
    """

    failed: int
    considered: int
    note: str = ""
    unit: str = "rows"


def counted(number: int, thing: str) -> str:
    """``1 level``, ``1,200 levels``."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One line of the quality report: a check, where it ran, and what came of it.

    title       : what is expected of good data.
    finding     : what it means where it is not so.
    subject     : column or rule that was looked at; empty where it was the table as a whole.
    columns     : the columns that the subject speaks of.
    tolerates   : share of failures up to which the check passes.
    fails_above : share above which it fails rather than warns; None where it never fails.
    note        : what was found, or why the check does not apply.
    advice      : what a steward can do; empty where nothing needs doing.
    """

    check: str
    title: str
    finding: str
    dimension: Dimension
    subject: str
    columns: tuple[str, ...]
    failed: int
    considered: int
    unit: str
    tolerates: float
    fails_above: float | None
    status: CheckStatus
    note: str
    advice: str

    @property
    def share(self) -> float:
        """Share of those looked at that fail; 0 where nothing was looked at."""
        return self.failed / self.considered if self.considered else 0.0

    @property
    def needs_attention(self) -> bool:
        """Whether a person should look at it."""
        return self.status in (CheckStatus.FAIL, CheckStatus.WARN)
