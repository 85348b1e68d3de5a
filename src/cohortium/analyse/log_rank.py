"""Log-rank test: whether groups have the event at the same rates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cohortium.analyse.noise.counts import LEVEL
from cohortium.analyse.noise.interval_counts import (
    INTERVALS,
    WEIGHTS,
    interval_counts,
    interval_sensitivity,
    intervals_state,
    known_row_per_person,
)
from cohortium.analyse.noise.log_rank import noisy_log_rank
from cohortium.analyse.survival.departures import Departures
from cohortium.analyse.survival.follow_up import Outcome, cell_names
from cohortium.analyse.survival.rank_test import RankTest, followed
from cohortium.errors import InvalidRequest, TooFewRecords
from cohortium.numerics.score_chi_square import score_chi_square
from cohortium.records import Result, Schema, State, Sums, Table
from cohortium.registry import algorithm

if TYPE_CHECKING:
    from numpy.typing import NDArray


@algorithm(
    "log_rank",
    title="Log-rank test",
    leaves_site="per stratum, group and grid time: how many had the event then, and how many left without it; at a "
    "step of one day most of these counts are of single persons",
    source="Mantel 1966; Peto & Peto 1972; weights of Harrington & Fleming 1982, Biometrika 69, 553",
    counts=("group_persons", "group_events"),
    family="survival",
)
@dataclass(frozen=True, slots=True)
class LogRank(RankTest):
    """Chi-square test over two or more groups, within strata where asked, with observed and expected events.

    time, event  : columns of the length of follow-up and of whether it ended in the event.
    groups       : nominal columns; a group for each combination of their levels.
    strata       : nominal columns; groups are compared within each combination of their levels.
    rho, gamma   : weights S(t-)^rho (1 - S(t-))^gamma, S being survival in all groups together. 0 and 0 is the
                   log-rank test; rho = 1 weighs early differences more, gamma = 1 late ones.
    event_levels, entry, step_days, horizon_days : as in ``KaplanMeier``.
    In mode "dp" a person counts in one of at most 24 intervals up to the horizon, and the test allows for the noise.
    Raises  : TooFewRecords where no event was seen while two groups were under observation.
    Reveals : persons, observed and expected events of each group, over all sites.
    """

    time: str
    event: str
    groups: tuple[str, ...]
    strata: tuple[str, ...] = ()
    rho: float = 0.0
    gamma: float = 0.0
    event_levels: tuple[str, ...] = ()
    entry: str | None = None
    step_days: float = 1.0
    horizon_days: float | None = None

    def steps(self) -> int:
        """One in mode "dp"."""
        return 1

    def start_noisy(self, schema: Schema) -> State:
        """Ask for counts in few intervals."""
        self._check(schema)
        state = intervals_state(schema, self._outcome(), self._by(), self.step_days, self.horizon_days)
        return State(state.step, {**state.facts, "groups": list(cell_names(schema, self.groups))})

    def sensitivity(self, state: State) -> dict[str, float]:
        """One person is in one cell."""
        return interval_sensitivity()

    def array_weights(self, state: State) -> Mapping[str, float]:
        """Most for those who leave."""
        return WEIGHTS

    def clip(self, records: Table, state: State) -> Table:
        """One row per person, a complete one where there is one."""
        return known_row_per_person(records, self._outcome(), self._by())

    def local(self, records: Table, state: State) -> Sums:
        """Who leaves when, counted."""
        if state.step == INTERVALS:
            return interval_counts(records, state, self._outcome(), self._by())
        return RankTest.local(self, records, state)

    def combine(self, total: Sums, state: State) -> State | Result:
        """The counts once the horizon is found, then the test; raises TooFewRecords."""
        if state.step == INTERVALS:
            table, facts = noisy_log_rank(total, state, self.rho, self.gamma, LEVEL)
            return Result("Log-rank test", total.persons, {"groups": table}, facts)
        return RankTest.combine(self, total, state)

    def _check(self, schema: Schema) -> None:
        if not self.groups or min(self.rho, self.gamma) < 0:
            raise InvalidRequest("A log-rank test needs a column of groups, and weights rho and gamma of at least 0.")

    def _outcome(self) -> Outcome:
        return Outcome(self.time, self.event, (self.event_levels,) if self.event_levels else (), self.entry)

    def _answer(self, found: Departures, groups: list[str], persons: int) -> Result:
        shape = (-1, len(groups), found.at_risk.shape[-1])
        events, at_risk = found.events[:, 0].reshape(shape), found.at_risk.reshape(shape)
        counted, used = followed(found, len(groups))
        gaps, expected, variance = np.zeros(len(used)), np.zeros(len(used)), np.zeros((len(used), len(used)))
        for stratum in range(len(events)):
            gap, hoped, spread = rank_sums(events[stratum][used], at_risk[stratum][used], self.rho, self.gamma)
            gaps, expected, variance = gaps + gap, expected + hoped, variance + spread
        statistic, freedom, p = score_chi_square(gaps, variance)
        if freedom == 0:
            raise TooFewRecords(
                f"A log-rank test needs events seen while two groups were under observation; {len(used)} groups have "
                "follow-up, and there are none."
            )
        table = {
            "group": [groups[place] for place in used],
            "n": counted[used].tolist(),
            "events": events.sum(axis=(0, 2))[used].tolist(),
            "expected": expected.tolist(),
        }
        facts = {
            **found.facts,
            "statistic": statistic,
            "df": freedom,
            "p": p,
            "rho": self.rho,
            "gamma": self.gamma,
        }
        return Result("Log-rank test", persons, {"groups": table}, facts)


def rank_sums(
    events: NDArray[np.int64], at_risk: NDArray[np.int64], rho: float, gamma: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Weighted observed less expected events (G,), expected events (G,), covariance of the first (G, G).

    events, at_risk : (G, T) of each group at each time.
    """
    deaths, n = events.sum(axis=0), at_risk.sum(axis=0)
    seen = deaths > 0
    deaths, n = deaths[seen].astype(np.float64), n[seen].astype(np.float64)
    share = at_risk[:, seen] / n
    survival = np.concatenate([[1.0], np.cumprod(1 - deaths / n)[:-1]]) if len(n) else n
    weight = survival**rho * (1 - survival) ** gamma
    spread = weight**2 * deaths * (n - deaths) / np.maximum(n - 1, 1)
    covariance = np.diag(share @ spread) - (share * spread) @ share.T
    return (events[:, seen] - deaths * share) @ weight, share @ deaths, covariance
