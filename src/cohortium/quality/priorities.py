"""What to fix first: findings of one kind together, the gravest kinds on top."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cohortium.quality.findings import CheckResult, CheckStatus
from cohortium.quality.profile import Profile
from cohortium.records import Role

_PIVOTAL = frozenset({Role.PERSON_KEY, Role.OUTCOME, Role.EVENT, Role.TIME, Role.SITE})
# True things more often than errors: worth knowing, seldom worth fixing before the rest.
_MILD = frozenset({"digit_preference", "date_preference", "constant_column", "outliers", "repeated_columns"})


@dataclass(frozen=True, slots=True)
class Priority:
    """Findings of one check.

    status  : of the gravest of them.
    results : the gravest first.
    """

    status: CheckStatus
    results: tuple[CheckResult, ...]


def priorities(profile: Profile, results: Sequence[CheckResult]) -> tuple[Priority, ...]:
    """The findings that need attention, grouped by check, the most pressing group first.

    Failures come before warnings, and findings that often are no errors come last. Among equals, what touches more
    rows, more columns and the columns that studies hang on (key, outcome, event, time, site) comes first.
    """
    pivotal = {column.name for column in profile.columns if not _PIVOTAL.isdisjoint(column.roles)}
    groups: dict[str, list[CheckResult]] = {}
    for result in results:
        if result.needs_attention:
            groups.setdefault(result.check, []).append(result)

    def weight(result: CheckResult) -> float:
        return result.share * (3.0 if not pivotal.isdisjoint(result.columns) else 1.0)

    def pressing(group: Sequence[CheckResult]) -> tuple[bool, bool, float]:
        return group[0].status is not CheckStatus.FAIL, group[0].check in _MILD, -sum(map(weight, group))

    ordered = [
        sorted(group, key=lambda result: (result.status is not CheckStatus.FAIL, -weight(result)))
        for group in groups.values()
    ]
    return tuple(Priority(group[0].status, tuple(group)) for group in sorted(ordered, key=pressing))
