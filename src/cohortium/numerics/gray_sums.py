"""Scores of Gray's test, which compares how often groups have an event that others compete with, and their covariance.

Source : Gray 1988, Ann. Stat. 16, 1141, sections 2 and 3; events at one time as if drawn without replacement.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]
    Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class GraySums:
    """Of G groups, which add up over strata.

    score      : (G,) weighted observed less expected events; covariance : (G, G) of the scores.
    expected   : (G,) events were the incidence the same in all groups.
    """

    score: Reals
    expected: Reals
    covariance: Reals

    def __add__(self, other: GraySums) -> GraySums:
        """Over two strata."""
        return GraySums(self.score + other.score, self.expected + other.expected, self.covariance + other.covariance)


def gray_sums(events: Counts, others: Counts, at_risk: Counts, rho: float = 0.0) -> GraySums:
    """The sums of one stratum.

    events, others : (G, T) events of the cause, and of all other causes, in each group at each time.
    at_risk        : (G, T) still without any event.
    rho            : events at t weigh (1 - F(t-))^rho, F being the incidence in all groups together.
    """
    seen = (events + others).sum(axis=0) > 0
    d, other, n = (counts[:, seen].astype(np.float64) for counts in (events, others, at_risk))
    paths = _Paths.of(d, other, n)
    share = paths.weight * (1.0 - paths.incidence_before)
    total = share.sum(axis=0)
    expected = np.where(total > 0, share / np.where(total > 0, total, 1.0), 0.0) * d.sum(axis=0)
    weight = np.maximum(1.0 - paths.pooled_before, 0.0) ** rho
    return GraySums((d - expected) @ weight, expected.sum(axis=1), _covariance(paths, d, other, n, weight))


@dataclass(frozen=True, slots=True)
class _Paths:
    """What has happened until just before (``before``) or just after each time.

    survival_before, survival_after, incidence_before : (G, T) in each group.
    weight : (G, T) persons whom censoring would have left at risk had nobody had an event: at risk over survival.
    pooled_before, pooled_after : (T,) incidence of the cause if it is the same in all groups.
    """

    survival_before: Reals
    survival_after: Reals
    incidence_before: Reals
    weight: Reals
    pooled_before: Reals
    pooled_after: Reals

    @classmethod
    def of(cls, d: Reals, other: Reals, n: Reals) -> _Paths:
        safe = np.where(n > 0, n, 1.0)
        after = np.cumprod((safe - np.where(n > 0, d + other, 0.0)) / safe, axis=1, dtype=np.float64)
        before = _earlier(after, 1.0)
        weight = np.where(n > 0, n / np.where(before > 0, before, 1.0), 0.0)
        everybody = weight.sum(axis=0)
        pooled: Reals = np.cumsum(d.sum(axis=0) / np.where(everybody > 0, everybody, 1.0))
        incidence: Reals = np.cumsum(before * d / safe, axis=1)
        return cls(before, after, _earlier(incidence, 0.0), weight, _earlier(pooled, 0.0), pooled)


def _covariance(paths: _Paths, d: Reals, other: Reals, n: Reals, weight: Reals) -> Reals:
    groups, everybody, deaths = len(d), paths.weight.sum(axis=0), d.sum(axis=0)
    free = 1.0 - paths.pooled_before
    hazard = np.where(free > 0, deaths / np.where(free > 0, everybody * free, 1.0), 0.0)
    found = np.zeros((groups, groups))
    for group in range(groups):
        own = np.eye(groups)[group][:, None]
        a = weight * paths.weight * (own - paths.weight[group] / everybody)
        steps = np.cumsum(a * hazard, axis=1)
        to_come = steps[:, -1:] - steps
        left, before, safe = paths.survival_after[group], paths.survival_before[group], np.where(n > 0, n, 1.0)[group]
        ratio = np.where(left > 0, (1.0 - paths.pooled_after) / np.where(left > 0, left, 1.0), 0.0)
        of_cause = a + (1.0 - ratio) * to_come
        spread = _without_replacement(deaths, everybody * before) * deaths * before / (everybody * safe)
        found += (of_cause * np.where(n[group] > 0, spread, 0.0)) @ of_cause.T
        of_others = ratio * to_come
        spread = _without_replacement(other[group], n[group]) * other[group] * (before / safe) ** 2
        found += (of_others * spread) @ of_others.T
    return found


def _without_replacement(drawn: Reals, of: Reals) -> Reals:
    """(of - drawn) / (of - 1), never below 0; 1 for a single event."""
    tied = (drawn > 1) & (of > 1)
    return np.where(tied, np.maximum(of - drawn, 0.0) / np.where(tied, of - 1.0, 1.0), 1.0)


def _earlier(after: Reals, first: float) -> Reals:
    """The values just before each time, of values just after it."""
    return np.concatenate([np.full((*after.shape[:-1], 1), first), after[..., :-1]], axis=-1)
