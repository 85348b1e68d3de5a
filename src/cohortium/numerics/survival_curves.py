"""Kaplan-Meier curves, the log-rank test and Harrell's concordance."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from cohortium.errors import TooFewRecords

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Curve:
    """A Kaplan-Meier curve; it steps down at ``times``.

    times, survival, at_risk, variance : (k,) distinct event times, S just after each, persons at risk just before
    each, Greenwood's variance of S.
    """

    times: NDArray[np.float64]
    survival: NDArray[np.float64]
    at_risk: NDArray[np.float64]
    variance: NDArray[np.float64]

    def at(self, t: NDArray[np.float64]) -> NDArray[np.float64]:
        """S(t) for each t."""
        return np.concatenate([[1.0], self.survival])[np.searchsorted(self.times, t, "right")]


def kaplan_meier(durations: NDArray[np.float64], events: NDArray[np.bool_]) -> Curve:
    """The curve of n persons; ``events`` True where the event was seen at ``durations``.

    Source : Kaplan & Meier 1958; Greenwood 1926.
    """
    times = np.unique(durations[events])
    at_risk = len(durations) - np.searchsorted(np.sort(durations), times, "left")
    deaths = np.searchsorted(np.sort(durations[events]), times, "right")
    deaths = np.diff(deaths, prepend=0)
    survival = np.cumprod(1.0 - deaths / at_risk, dtype=np.float64)
    left = np.maximum(at_risk - deaths, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        hazard = np.cumsum(deaths / (at_risk * left))
        variance = np.where(survival > 0, survival**2 * hazard, 0.0)
    return Curve(times, survival, at_risk.astype(np.float64), variance)


def mean_gap(a: Curve, b: Curve, horizon: float) -> tuple[float, float]:
    """Mean of |S_b - S_a| and of S_b - S_a over [0, horizon], exactly, step by step.

    Raises : TooFewRecords where the horizon is not positive, so there is no time to compare.
    """
    if not horizon > 0:
        raise TooFewRecords("The follow-up has no length; two survival curves cannot be compared on it.")
    steps = np.unique(np.concatenate([[0.0], a.times[a.times < horizon], b.times[b.times < horizon], [horizon]]))
    gaps, lengths = b.at(steps[:-1]) - a.at(steps[:-1]), np.diff(steps)
    return float(np.abs(gaps) @ lengths / horizon), float(gaps @ lengths / horizon)


def log_rank(
    durations: NDArray[np.float64], events: NDArray[np.bool_], second: NDArray[np.bool_]
) -> tuple[float, float]:
    """Chi squared statistic (1 degree of freedom) and p of the test that two groups die at the same rates.

    second : (n,) True for persons of the second group.
    Raises : TooFewRecords where no event was seen while both groups were under observation.
    Source : Mantel 1966; Peto & Peto 1972.
    """
    times, place = np.unique(durations[events], return_inverse=True)
    deaths = np.bincount(place, minlength=len(times))
    deaths_second = np.bincount(place, weights=second[events], minlength=len(times))
    at_risk = len(durations) - np.searchsorted(np.sort(durations), times, "left")
    at_risk_second = int(second.sum()) - np.searchsorted(np.sort(durations[second]), times, "left")
    share = at_risk_second / at_risk
    several = at_risk > 1
    spread = deaths * share * (1 - share)
    variance = (spread[several] * (at_risk - deaths)[several] / (at_risk - 1)[several]).sum()
    if variance <= 0:
        raise TooFewRecords("A log-rank test needs events seen while both groups were under observation.")
    statistic = float((deaths_second - deaths * share).sum() ** 2 / variance)
    return statistic, math.erfc(math.sqrt(statistic / 2.0))


def concordance(durations: NDArray[np.float64], events: NDArray[np.bool_], risk: NDArray[np.float64]) -> float:
    """Harrell's C: among pairs whose order is known, the share in which the one at higher risk has the event first.

    Raises : TooFewRecords where no pair has a known order.
    Source : Harrell et al. 1982; ties in risk count half.
    """
    order = np.lexsort((~events, durations))
    levels, place = np.unique(risk, return_inverse=True)
    concordant, tied, pairs = _count_pairs(durations[order], events[order], place[order], len(levels))
    if not pairs:
        raise TooFewRecords("Concordance needs at least one person who outlived another's event.")
    return float((concordant + tied / 2.0) / pairs)


@njit(cache=True, nogil=True)
def _count_pairs(
    durations: NDArray[np.float64], events: NDArray[np.bool_], place: NDArray[np.int64], levels: int
) -> tuple[int, int, int]:
    """Concordant, tied and all known pairs; rows by time, events before censored at equal times."""
    tree = np.zeros(levels + 1, dtype=np.int64)  # Fenwick tree: persons still under observation, by risk
    size = 0
    concordant, tied, pairs = 0, 0, 0
    stop = len(durations)
    while stop > 0:
        start = stop - 1
        while start > 0 and durations[start - 1] == durations[stop - 1]:
            start -= 1
        # Those censored at this time outlived the events of this time; those with events did not outlive each other.
        for row in range(stop - 1, start - 1, -1):
            if not events[row]:
                _add(tree, place[row])
                size += 1
        for row in range(start, stop):
            if events[row]:
                below, upto = _below(tree, place[row]), _below(tree, place[row] + 1)
                concordant += below
                tied += upto - below
                pairs += size
        for row in range(start, stop):
            if events[row]:
                _add(tree, place[row])
                size += 1
        stop = start
    return concordant, tied, pairs


@njit(cache=True, nogil=True)
def _add(tree: NDArray[np.int64], place: int) -> None:
    node = place + 1
    while node < len(tree):
        tree[node] += 1
        node += node & -node


@njit(cache=True, nogil=True)
def _below(tree: NDArray[np.int64], place: int) -> int:
    total = 0
    node = place
    while node > 0:
        total += tree[node]
        node -= node & -node
    return total
