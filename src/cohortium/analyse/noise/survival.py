"""Survival from noisy counts of who leaves in which interval: a life table whose errors allow for the noise.

Counts x of the M cells of a group, with noise of variance v each, and the group's size N, with noise of variance u, are
made to agree: x + k (N - sum x), k = v / (M v + u), whose noise has the covariance v (I - k 1 1'). Events D and numbers
at risk R (less half of those censored in the interval) are linear in x. So the noise moves the cumulative hazard, to
first order, by the sum over intervals of (dD - q dR) / (R - D), q being the hazard; chance adds Greenwood's variance.
Source : Cutler & Ederer 1958, J. Chron. Dis. 8, 699 (life table); noise in its counts: Gondara & Wang 2020,
         Differentially Private Survival Function Estimation, MLHC.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]

FEWEST_DEVIATIONS = 4.0
"""A curve ends where fewer are at risk than so many standard deviations of the noise in their number."""
HIGHEST = 0.95
"""Hazard of one interval at which its errors are told at most; at 1 they would be infinite."""


@dataclass(frozen=True, slots=True)
class NoisyCounts:
    """Counts of one group, made to agree.

    events, at_risk : (T,) in each interval; the latter less half of those censored in it.
    to_events, to_at_risk : (T, M) how the two follow from the cells.
    size      : persons of the group.
    variance  : v, of the noise in a cell. shared : k.
    """

    events: Reals
    at_risk: Reals
    to_events: Reals
    to_at_risk: Reals
    size: float
    variance: float
    shared: float

    def covariance(self, maps: Reals, others: Reals) -> Reals:
        """Covariance (a, b), by noise, of linear maps (a, M) and (b, M) of the cells."""
        ones = np.outer(maps.sum(axis=1), others.sum(axis=1))
        found: Reals = self.variance * (maps @ others.T - self.shared * ones)
        return found

    def deviations(self, maps: Reals) -> Reals:
        """Standard deviation (a,), by noise, of linear maps (a, M)."""
        return np.sqrt(np.maximum(np.diag(self.covariance(maps, maps)), 0))

    @property
    def told(self) -> int:
        """For how many intervals the number at risk outweighs its noise."""
        least = np.maximum(FEWEST_DEVIATIONS * self.deviations(self.to_at_risk), 1.0)
        few = np.flatnonzero(self.at_risk < least)
        return int(few[0]) if len(few) else len(self.at_risk)


@dataclass(frozen=True, slots=True)
class NoisyCurve:
    """Survival at the ends of intervals, never rising, (K,); covariance of the cumulative hazard there, (K, K)."""

    times: Reals
    survival: Reals
    covariance: Reals

    @property
    def error(self) -> Reals:
        """Standard error of the survival."""
        found: Reals = self.survival * np.sqrt(np.diag(self.covariance))
        return found

    def limits(self, z: float) -> tuple[Reals, Reals]:
        """Limits of the survival, symmetric in the cumulative hazard."""
        width = z * np.sqrt(np.diag(self.covariance))
        return self.survival * np.exp(-width), np.minimum(self.survival * np.exp(width), 1.0)

    def at(self, times: Reals, values: Reals) -> Reals:
        """A curve that goes through ``values`` at the ends of intervals, straight between them; NaN beyond the last."""
        ends = np.concatenate([[0.0], self.times])
        found: Reals = np.interp(times, ends, np.concatenate([[1.0], values]), right=np.nan)
        return found

    def reaches(self, values: Reals, share: float) -> float | None:
        """The first time at which such a curve is down to ``share``; None where it never is."""
        ends, curve = np.concatenate([[0.0], self.times]), np.concatenate([[1.0], values])
        low = np.flatnonzero(curve <= share)
        if not len(low):
            return None
        place = low[0]
        part = (curve[place - 1] - share) / (curve[place - 1] - curve[place])
        return float(ends[place - 1] + part * (ends[place] - ends[place - 1]))

    def restricted_mean(self, until: float) -> tuple[float, float]:
        """The area under the curve up to a time within it, and its variance."""
        ends = np.unique(np.concatenate([[0.0], self.times[self.times < until], [until]]))
        # what a corner of the curve contributes to the area, by the two trapeziums beside it
        corners = np.eye(len(self.times))
        heights = np.stack([np.interp(ends, np.concatenate([[0.0], self.times]), [0.0, *corner]) for corner in corners])
        share = np.trapezoid(heights, ends, axis=1)
        area = float(np.trapezoid(self.at(ends, self.survival), ends))
        pull = share * self.survival
        return area, float(pull @ self.covariance @ pull)


def noisy_counts(leaving: NDArray[np.int64], size: int, deviation: float, size_deviation: float) -> NoisyCounts:
    """Counts of one group from ``interval_counts.interval_counts``.

    leaving : (2, T + 1), without and with the event. deviation, size_deviation : of their noise.
    """
    intervals = leaving.shape[1] - 1
    cells = np.concatenate([leaving[0], leaving[1, :-1]]).astype(np.float64)
    variance, m = deviation**2, len(cells)
    shared = variance / (m * variance + size_deviation**2)
    cells = cells + shared * (size - cells.sum())
    steps = np.arange(intervals)
    to_events = np.zeros((intervals, m))
    to_events[steps, intervals + 1 + steps] = 1.0
    to_at_risk = np.concatenate([np.arange(intervals + 1) >= steps[:, None], steps >= steps[:, None]], axis=1).astype(
        np.float64
    )
    to_at_risk[steps, steps] = 0.5
    return NoisyCounts(
        to_events @ cells, to_at_risk @ cells, to_events, to_at_risk, float(cells.sum()), variance, shared
    )


def noisy_curve(counts: NoisyCounts, step: float) -> NoisyCurve | None:
    """The curve as far as noise allows; None where it outweighs the whole group."""
    told = counts.told
    if not told:
        return None
    events, at_risk = counts.events[:told], counts.at_risk[:told]
    raw = np.cumprod(np.maximum(1 - events / at_risk, 0.0), dtype=np.float64)
    survival = np.clip(falling(raw), 0.0, 1.0)
    hazard = hazards(survival)
    left = at_risk * (1 - hazard)
    moves = np.cumsum((counts.to_events[:told] - hazard[:, None] * counts.to_at_risk[:told]) / left[:, None], axis=0)
    chance = np.cumsum(hazard / left, dtype=np.float64)
    both = np.minimum.outer(np.arange(told), np.arange(told))
    covariance = counts.covariance(moves, moves) + chance[both]
    return NoisyCurve(step * np.arange(1.0, told + 1), survival, covariance)


def hazards(survival: Reals) -> Reals:
    """The hazard of each interval of a curve that never rises, at most ``HIGHEST``."""
    before = np.concatenate([[1.0], survival[:-1]])
    return np.minimum(1 - survival / np.where(before > 0, before, 1.0), HIGHEST)


def falling(values: Reals) -> Reals:
    """The sequence that never rises and is closest to ``values`` in squares.

    Source : Ayer et al. 1955, Ann. Math. Stat. 26, 641 (pool adjacent violators).
    """
    means: list[float] = []
    sizes: list[int] = []
    for value in values.tolist():
        means.append(value)
        sizes.append(1)
        while len(means) > 1 and means[-2] < means[-1]:
            last, size = means.pop(), sizes.pop()
            means[-1] = (means[-1] * sizes[-1] + last * size) / (sizes[-1] + size)
            sizes[-1] += size
    return np.repeat(means, sizes)


def spread_of(counts: NoisyCounts) -> tuple[float, float]:
    """Standard deviation, by noise, of the group's size and of its events."""
    every = np.ones((1, counts.to_events.shape[1]))
    return float(counts.deviations(every)[0]), float(counts.deviations(counts.to_events.sum(axis=0)[None, :])[0])
