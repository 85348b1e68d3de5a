"""Gray's test: whether groups have an event equally often over time, where other events keep it from happening."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.analyse.departures import Departures, departures, first_state, settled
from cohortium.analyse.design import levels_of
from cohortium.analyse.follow_up import Outcome, cell_names
from cohortium.errors import InvalidRequest, TooFewRecords
from cohortium.numerics.distributions import chi2_sf
from cohortium.numerics.gray_sums import GraySums, gray_sums
from cohortium.records import Result, Schema, State, Sums, Table
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
class GrayTest:
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

    def columns(self) -> tuple[str, ...]:
        """The outcome, the groups and the strata."""
        return (*self._outcome().columns, *self._by())

    def start(self, schema: Schema) -> State:
        """Ask for the horizon, or for the counts where it is known."""
        if not self.groups or not self.rho >= 0:
            raise InvalidRequest("Gray's test needs a column of groups, and a weight rho of at least 0.")
        if len(set(self.causes)) != len(self.causes) or len(self.causes) < 2:
            raise InvalidRequest(
                f"At least two different causes were expected among the levels of '{self.event}', which are "
                f"{list(levels_of(schema, self.event))}; {list(self.causes)} came. For one cause use the log-rank test."
            )
        state = first_state(schema, self._outcome(), self._by(), self.step_days, self.horizon_days)
        return State(state.step, {**state.facts, "groups": list(cell_names(schema, self.groups))})

    def local(self, records: Table, state: State) -> Sums:
        """Who leaves when and why, counted."""
        return departures(records, state, self._outcome(), self._by())[1]

    def combine(self, total: Sums, state: State) -> State | Result:
        """A test for each cause."""
        found = settled(total, state, self._outcome())
        return found if isinstance(found, State) else self._answer(found, state.facts["groups"], total.persons)

    def _outcome(self) -> Outcome:
        return Outcome(self.time, self.event, tuple((cause,) for cause in self.causes))

    def _by(self) -> tuple[str, ...]:
        return (*self.strata, *self.groups)

    def _answer(self, found: Departures, groups: list[str], persons: int) -> Result:
        counted = found.persons.reshape(-1, len(groups)).sum(axis=0)
        used = np.flatnonzero(counted > 0)
        tests: dict[str, dict[str, Any]] = {}
        table: dict[str, list[Any]] = {name: [] for name in ("cause", "group", "n", "events", "expected")}
        for place, cause in enumerate(self.causes):
            sums, events = self._sums(found, place, len(groups), used)
            tests[cause] = _chi_square(sums)
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


def _chi_square(sums: GraySums) -> dict[str, Any]:
    """Statistic, degrees of freedom and p; no statistic where there are no degrees of freedom."""
    size = max(float(np.trace(sums.covariance)), 1e-300)
    freedom = int(np.linalg.matrix_rank(sums.covariance, tol=1e-9 * size, hermitian=True))
    if freedom == 0:
        return {"statistic": None, "df": 0, "p": None}
    statistic = float(sums.score @ np.linalg.pinv(sums.covariance, rcond=1e-9, hermitian=True) @ sums.score)
    return {"statistic": statistic, "df": freedom, "p": float(chi2_sf(statistic, freedom))}
