"""Fisher's exact test of a two by two table, with the conditional odds ratio and its exact interval.

Source : Fisher 1935, J. R. Stat. Soc. 98, 39; Cornfield 1956 (interval); the two-sided p sums the tables that are no
         likelier than the observed one, as R's ``fisher.test`` does.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cohortium.numerics.intervals import log_factorials

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]

WIDEST = 700.0
"""Log odds beyond which an odds ratio counts as infinite."""


@dataclass(frozen=True, slots=True)
class FisherExact:
    """Two-sided p, conditional maximum-likelihood odds ratio and its interval; infinite, or NaN where undefined."""

    p: float
    odds_ratio: float
    low: float
    high: float


def fisher_exact(cells: NDArray[np.int64], level: float = 0.95) -> FisherExact:
    """The test of independence of the table ``cells`` (2, 2), given its margins."""
    observed, (top, bottom), left = int(cells[0, 0]), (int(side) for side in cells.sum(1)), int(cells[:, 0].sum())
    support = np.arange(max(0, left - bottom), min(top, left) + 1)
    if len(support) < 2:
        return FisherExact(1.0, math.nan, math.nan, math.nan)
    logs = log_factorials(top + bottom)
    weights = -(logs[support] + logs[top - support] + logs[left - support] + logs[bottom - left + support])
    chances = _tilted(weights, support, 0.0)
    here = observed - support[0]
    p = float(chances[chances <= chances[here] * (1 + 1e-7)].sum())

    def mean(log_odds: float) -> float:
        return float((_tilted(weights, support, log_odds) * support).sum()) - observed

    def upper(log_odds: float) -> float:
        return float(_tilted(weights, support, log_odds)[here:].sum()) - (1 - level) / 2

    def lower(log_odds: float) -> float:
        return (1 - level) / 2 - float(_tilted(weights, support, log_odds)[: here + 1].sum())

    ratio = 0.0 if here == 0 else math.inf if observed == support[-1] else math.exp(_root(mean))
    low = 0.0 if here == 0 else math.exp(_root(upper))
    high = math.inf if observed == support[-1] else math.exp(_root(lower))
    return FisherExact(min(p, 1.0), ratio, low, high)


def _tilted(weights: Reals, support: NDArray[np.int64], log_odds: float) -> Reals:
    """Chances of the tables under these odds (noncentral hypergeometric)."""
    logs = weights + (support - support[0]) * log_odds
    chances = np.exp(logs - logs.max())
    found: Reals = chances / chances.sum()
    return found


def _root(rising: Callable[[float], float]) -> float:
    low, high = -1.0, 1.0
    while rising(low) > 0 and low > -WIDEST:
        low *= 2
    while rising(high) < 0 and high < WIDEST:
        high *= 2
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < 0 else (low, middle)
    return (low + high) / 2
