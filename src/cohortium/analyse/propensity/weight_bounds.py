"""Bounds of weights at quantiles over all sites, found between thresholds from counts of what lies below them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]

THRESHOLDS = 64
ROUNDS = 6
"""64^6 intervals over the range of logarithms below: a bound is found to nine digits."""
WIDEST = math.log(1e13)


@dataclass(frozen=True, slots=True)
class Brackets:
    """Logarithms low (k,) and high (k,) between which each quantile lies."""

    low: Reals
    high: Reals

    @classmethod
    def widest(cls, number: int) -> Brackets:
        """Where nothing is known yet."""
        return cls(np.full(number, -WIDEST), np.full(number, WIDEST))

    def thresholds(self) -> Reals:
        """(k, THRESHOLDS), evenly between the two, the last of them ``high``."""
        steps = np.arange(1, THRESHOLDS + 1) / THRESHOLDS
        return self.low[:, None] + (self.high - self.low)[:, None] * steps

    def at_most(self, weight: Reals) -> NDArray[np.int64]:
        """How many of the weights (n,) are at most each threshold (k, THRESHOLDS)."""
        order = np.sort(np.log(weight))
        return np.searchsorted(order, self.thresholds(), side="right").astype(np.int64)

    def narrowed(self, at_most: NDArray[np.int64], quantiles: Reals, n: int) -> Brackets:
        """Around the smallest weight that at least the share ``quantiles`` (k,) of n weights do not exceed."""
        wanted = np.maximum(np.ceil(quantiles * n - 1e-9), 1)
        place = np.argmax(at_most >= wanted[:, None], axis=1)
        edges = np.concatenate([self.low[:, None], self.thresholds()], axis=1)
        rows = np.arange(len(place))
        return Brackets(edges[rows, place], edges[rows, place + 1])
