"""Gray's test: whether groups have an event equally often over time, where other events keep it from happening."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.analyse.design import levels_of
from cohortium.analyse.survival.departures import Departures
from cohortium.analyse.survival.follow_up import Outcome
from cohortium.analyse.survival.rank_test import RankTest, followed
from cohortium.errors import InvalidRequest, TooFewRecords
from cohortium.numerics.gray_sums import GraySums, gray_sums
from cohortium.numerics.score_chi_square import score_chi_square
from cohortium.records import Result, Schema
from cohortium.registry import algorithm

if TYPE_CHECKING:
    from numpy.typing import NDArray


@algorithm(
    "gray_test",
    title="Gray's test of cumulative incidence",
    leaves_site="per stratum, group, cause and grid time: how many had that event then, and how many left without any; "
    "at a step of one day most of these counts are of single persons",
    source="Gray 1988, Ann. Stat. 16, 1141",
    counts=("group_persons", "group_events"),
    family="survival",
)
@dataclass(frozen=True, slots=True)
class GrayTest(RankTest):
    """Chi-square test of each cause's incidence over two or more groups, within strata where asked.

    time, event : columns of the length of follow-up and of how it ended.
    causes      : levels of ``event`` that are causes; all other levels count as censored, so name every cause.
    groups      : nominal columns; a group for each combination of their levels.
    strata      : nominal columns; groups are compared within each combination of their levels.
    rho         : events weigh (1 - F(t-))^rho, F being the cause's incidence in all groups; above 0, early ones more.
    step_days, horizon_days : as in ``KaplanMeier``.
    The test compares what ``CompetingRisks`` draws. Whether rates among those still at risk differ is ``LogRank``'s.
    Raises  : TooFewRecords where of no cause an event was seen while two groups were under observation.
    Reveals : persons, observed and expected events of each group and cause, over all sites.
    """

    time: str
    event: str
    causes: tuple[str, ...]
    groups: tuple[str, ...]
    strata: tuple[str, ...] = ()
    rho: float = 0.0
    step_days: float = 1.0
    horizon_days: float | None = None

    def _check(self, schema: Schema) -> None:
        if not self.groups or not self.rho >= 0:
            raise InvalidRequest("Gray's test needs a column of groups, and a weight rho of at least 0.")
        if len(set(self.causes)) != len(self.causes) or len(self.causes) < 2:
            raise InvalidRequest(
                f"At least two different causes were expected among the levels of '{self.event}', which are "
                f"{list(levels_of(schema, self.event))}; {list(self.causes)} came. For one cause use the log-rank test."
            )

    def _outcome(self) -> Outcome:
        return Outcome(self.time, self.event, tuple((cause,) for cause in self.causes))

    def _answer(self, found: Departures, groups: list[str], persons: int) -> Result:
        counted, used = followed(found, len(groups))
        tests: dict[str, dict[str, Any]] = {}
        table: dict[str, list[Any]] = {name: [] for name in ("cause", "group", "n", "events", "expected")}
        for place, cause in enumerate(self.causes):
            sums, events = self._sums(found, place, len(groups), used)
            tested = score_chi_square(sums.score, sums.covariance)
            tests[cause] = dict(zip(("statistic", "df", "p"), tested, strict=True))
            rows = [cause] * len(used), [groups[one] for one in used], counted[used].tolist(), events.tolist()
            for name, values in zip(table, (*rows, sums.expected.tolist()), strict=True):
                table[name] += values
        if not any(test["df"] for test in tests.values()):
            raise TooFewRecords(
                f"Gray's test needs events seen while two groups were under observation; {len(used)} groups have "
                "follow-up, and there are none."
            )
        # Among the facts, since the gate hides those where it hides a group: a chi-square tells the count that is gone.
        facts = {**found.facts, "tests": tests, "rho": self.rho}
        return Result("Gray's test of cumulative incidence", persons, {"groups": table}, facts)

    def _sums(
        self, found: Departures, place: int, groups: int, used: NDArray[np.intp]
    ) -> tuple[GraySums, NDArray[np.int64]]:
        """Of one cause: the sums over strata, and events in each group."""
        shape = (-1, groups, found.at_risk.shape[-1])
        own, every = found.events[:, place].reshape(shape)[:, used], found.events.sum(axis=1).reshape(shape)[:, used]
        at_risk = found.at_risk.reshape(shape)[:, used]
        parts = [gray_sums(a, b - a, n, self.rho) for a, b, n in zip(own, every, at_risk, strict=True)]
        return reduce(add, parts), own.sum(axis=(0, 2))
