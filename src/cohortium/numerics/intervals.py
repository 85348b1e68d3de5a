"""Intervals for shares, for differences of shares and for areas under the ROC curve; exact binomial tails.

Source : Wilson 1927; Clopper and Pearson 1934; Newcombe 1998, Stat. Med. 17, 873 (method 10);
         DeLong et al. 1988 in the O(n log n) form of Sun and Xu 2014, IEEE SPL 21(11).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from cohortium.errors import TooFewRecords
from cohortium.numerics.ranks import average_ranks

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate between its two bounds."""

    value: float
    low: float
    high: float


def deviate(level: float = LEVEL) -> float:
    """How many standard errors reach to either side at this confidence: 1.96 at 95 %."""
    return NormalDist().inv_cdf(0.5 + level / 2)


def wilson(successes: float, n: float, level: float = LEVEL) -> Interval:
    """A share with Wilson's score interval; the share itself is not shrunk."""
    _require(n)
    z, share = deviate(level), successes / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    reach = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return Interval(share, min(max(middle - reach, 0.0), share), max(min(middle + reach, 1.0), share))


def clopper_pearson(successes: int, n: int, level: float = LEVEL) -> Interval:
    """A share with bounds that hold at least at ``level``, whatever the truth."""
    _require(n)
    tail = (1 - level) / 2
    low = 0.0 if successes == 0 else _bisect(lambda p: binomial_tail(successes, n, p) - tail)
    high = 1.0 if successes == n else _bisect(lambda p: binomial_tail(successes + 1, n, p) - (1 - tail))
    return Interval(successes / n, low, high)


def binomial_tail(k: int, n: int, p: float) -> float:
    """P(X >= k) for X binomial(n, p), by the incomplete beta function."""
    if k <= 0:
        return 1.0
    if k > n:
        return 0.0
    return _incomplete_beta(float(k), float(n - k + 1), p)


def log_factorials(n: int) -> NDArray[np.float64]:
    """Logarithms (n + 1,) of 0! to n!."""
    return np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, n + 1)))])


def difference(first: float, n_first: float, second: float, n_second: float, level: float = LEVEL) -> Interval:
    """First share less second share, both given as successes of n, with Newcombe's interval."""
    a, b = wilson(first, n_first, level), wilson(second, n_second, level)
    gap = a.value - b.value
    low = gap - math.hypot(a.value - a.low, b.high - b.value)
    high = gap + math.hypot(a.high - a.value, b.value - b.low)
    return Interval(gap, max(low, -1.0), min(high, 1.0))


def auc(
    positives: NDArray[np.float64], negatives: NDArray[np.float64], level: float = LEVEL, stretch: float = 1.0
) -> Interval:
    """Chance that a positive scores above a negative, ties counting half, with DeLong's interval on the logit scale.

    stretch : factor on the standard error, for scores that are not independent of each other.
    Where the two groups do not overlap at all, DeLong's variance is 0; a binomial one over the smaller group stands in.
    """
    n, m = len(positives), len(negatives)
    _require(min(n, m))
    both = average_ranks(np.concatenate([positives, negatives]))
    above = (both[:n] - average_ranks(positives)) / m
    below = 1 - (both[n:] - average_ranks(negatives)) / n
    area = float(above.mean())
    variance = (above.var(ddof=1) / n if n > 1 else 0.25) + (below.var(ddof=1) / m if m > 1 else 0.25)
    least = 0.5 / min(n, m)
    inside = min(max(area, least), 1 - least)
    if variance <= 0 and (positives.min() != positives.max() or positives[0] != negatives[0]):
        variance = inside * (1 - inside) / min(n, m)
    reach = stretch * deviate(level) * math.sqrt(variance) / (inside * (1 - inside))
    middle = math.log(inside / (1 - inside))
    return Interval(area, min(_logistic(middle - reach), area), max(_logistic(middle + reach), area))


def _logistic(x: float) -> float:
    return 0.5 * (1 + math.tanh(x / 2))


def _require(n: float) -> None:
    if n < 1:
        raise TooFewRecords("A share or an area needs at least one record to be estimated from; there is none.")


def _bisect(rising: Callable[[float], float], low: float = 0.0, high: float = 1.0) -> float:
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < 0 else (low, middle)
    return (low + high) / 2


def _incomplete_beta(a: float, b: float, x: float) -> float:
    """Regularised incomplete beta function by Lentz's continued fraction (Numerical Recipes, 6.4)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1 - _incomplete_beta(b, a, 1 - x)
    scale = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    tiny = 1e-300
    c, d = 1.0, 1 - (a + b) * x / (a + 1)
    d = 1 / (d if abs(d) > tiny else tiny)
    fraction = d
    for m in range(1, 10_000):
        for numerator in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 + numerator * d
            d = 1 / (d if abs(d) > tiny else tiny)
            c = 1 + numerator / c
            c = c if abs(c) > tiny else tiny
            fraction *= c * d
        if abs(c * d - 1) < 1e-14:
            break
    return math.exp(scale) * fraction / a
