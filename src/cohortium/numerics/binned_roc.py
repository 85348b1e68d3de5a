"""The ROC curve and the area under it from histograms of a score, scores in one bin being ties.

Source : DeLong et al. 1988, Biometrics 44, 837; Hanley & McNeil 1982, Radiology 143, 29.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cohortium.numerics.intervals import deviate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class BinnedRoc:
    """Counts (bins,) of those with and without an outcome, by rising score; both groups have somebody."""

    with_outcome: NDArray[np.int64]
    without_outcome: NDArray[np.int64]

    @property
    def positives(self) -> int:
        """Persons with the outcome."""
        return int(self.with_outcome.sum())

    @property
    def negatives(self) -> int:
        """Persons without it."""
        return int(self.without_outcome.sum())

    @property
    def above(self) -> Reals:
        """Share (bins,) of those without the outcome who score below somebody in each bin, ties counting half."""
        counts = self.without_outcome
        return (np.cumsum(counts) - 0.5 * counts) / self.negatives

    @property
    def below(self) -> Reals:
        """Share (bins,) of those with the outcome who score above somebody in each bin, ties counting half."""
        counts = self.with_outcome
        return 1 - (np.cumsum(counts) - 0.5 * counts) / self.positives

    @property
    def area(self) -> float:
        """Chance that somebody with the outcome scores above somebody without it."""
        return float(self.with_outcome @ self.above) / self.positives

    @property
    def resolution(self) -> float:
        """By how much at most the area could change if scores within a bin were told apart."""
        tied = float((self.with_outcome.astype(np.float64) * self.without_outcome).sum())
        return 0.5 * tied / self.positives / self.negatives

    @property
    def sensitivity(self) -> Reals:
        """Share (bins + 1,) of those with the outcome who score at or above each lower edge, and above the last."""
        return 1 - np.concatenate([[0.0], np.cumsum(self.with_outcome)]) / self.positives

    @property
    def specificity(self) -> Reals:
        """Share (bins + 1,) of those without the outcome who score below each lower edge, and the last."""
        return np.concatenate([[0.0], np.cumsum(self.without_outcome)]) / self.negatives

    def delong_error(self) -> float:
        """DeLong's standard error of the area."""
        total, area = 0.0, self.area
        for counts, share in ((self.with_outcome, self.above), (self.without_outcome, self.below)):
            n = int(counts.sum())
            total += float(counts @ (share - area) ** 2) / (n - 1) / n if n > 1 else 0.25
        return math.sqrt(total)

    def hanley_mcneil_error(self) -> float:
        """Hanley and McNeil's standard error, which the area and the two numbers alone determine."""
        area, n, m = self.area, self.positives, self.negatives
        one, two = area / (2 - area), 2 * area**2 / (1 + area)
        return math.sqrt((area * (1 - area) + (n - 1) * (one - area**2) + (m - 1) * (two - area**2)) / (n * m))

    def interval(self, error: float, level: float = 0.95) -> tuple[float, float]:
        """The area's interval on the logit scale, as ``intervals.auc`` has it; a binomial error where there is none."""
        fewest = min(self.positives, self.negatives)
        area, least = self.area, 0.5 / fewest
        inside = min(max(area, least), 1 - least)
        if error <= 0 and area != 0.5:
            error = math.sqrt(inside * (1 - inside) / fewest)
        middle = math.log(inside / (1 - inside))
        width = deviate(level) * error / (inside * (1 - inside))
        low, high = (0.5 * (1 + math.tanh((middle + sign * width) / 2)) for sign in (-1, 1))
        return min(low, area), max(high, area)
