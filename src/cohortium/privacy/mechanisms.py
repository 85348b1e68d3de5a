"""The differentially private questions that may be asked of counts, each charged to a budget before it is answered.

Every question is about whole numbers that change by at most 1, in one place, when one person joins or leaves.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from cohortium.errors import InvalidRequest
from cohortium.privacy.accounting import Budget
from cohortium.privacy.secure_noise import Noise, bernoulli_exp, discrete_gaussian, few_digits, uniform_below

if TYPE_CHECKING:
    from numpy.typing import NDArray

_DIGITS = 1 << 10  # noise scales are rounded to about three digits, always towards more privacy


@dataclass(frozen=True, slots=True)
class Curator:
    """The only door between a person's records and what is learnt of them: no answer without an entry in the budget.

    noise : the secure source; a seeded one only in tests.
    """

    budget: Budget
    noise: Noise

    def histogram(self, purpose: str, counts: NDArray[np.int64], rho: Fraction) -> tuple[NDArray[np.int64], float]:
        """Noisy counts, and the variance of their noise. Each person stands in at most one cell.

        Costs  : at most ``rho``.
        Source : discrete Gaussian mechanism, Canonne, Kamath & Steinke 2020, theorem 4: rho = 1 / (2 variance).
        """
        variance = variance_at(rho)
        self.budget.spend(purpose, 1 / (2 * variance))
        drawn = discrete_gaussian(variance, counts.size, self.noise)
        return counts + drawn.reshape(counts.shape), float(variance)

    def discover(
        self,
        purpose: str,
        found: NDArray[np.int64],
        known: NDArray[np.int64],
        rho: Fraction,
        delta: Fraction,
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], float]:
        """Which of the values that occur many persons have, when the values themselves are not known beforehand.

        found : counts of the values that occur (each >= 1).
        known : counts of cells that exist whatever the table, such as "missing".
        Each person stands in at most one cell of either. A value of one person alone passes the threshold with
        probability at most ``delta``.
        Returns : places of the values that passed, their noisy counts, noisy counts of ``known``, the noise's variance.

        Costs  : at most ``rho``, and ``delta``.
        Source : stability-based histogram; Bun, Nissim & Stemmer 2016, with discrete Gaussian noise, whose upper tail
                 at m lies below the continuous one's at m - 1 (Canonne, Kamath & Steinke 2020, proposition 25).
        """
        variance = variance_at(rho)
        threshold = threshold_at(float(variance), float(delta))
        self.budget.spend(purpose, 1 / (2 * variance), delta)
        noisy = np.concatenate([found, known])
        noisy += discrete_gaussian(variance, len(noisy), self.noise)
        values = noisy[: len(found)]
        passed = np.flatnonzero(values >= threshold)
        return passed, values[passed], noisy[len(found) :], float(variance)

    def choose(
        self,
        purpose: str,
        scores: Sequence[int],
        rho: Fraction,
        allowed: Callable[[int], bool] = lambda _place: True,
    ) -> int | None:
        """Place of a score that is probably among the highest allowed ones; None where nothing is allowed.

        Each score changes by at most 1 with one person. ``allowed`` must not look at the persons: what it forbids is
        drawn again without it, which equals a choice among the allowed ones from the start (the ranking is
        Plackett-Luce) and saves asking about candidates that never come up.

        Costs  : at most ``rho``.
        Source : exponential mechanism, McSherry & Talwar 2007; epsilon ** 2 / 8 of zCDP, Cesar & Rogers 2021. Drawn
                 exactly by rejection: a uniform candidate is kept with probability exp(-epsilon (best - score) / 2).
        """
        epsilon = Fraction(math.isqrt(int(8 * rho * _DIGITS**4)), _DIGITS**2)
        self.budget.spend(purpose, epsilon * epsilon / 8)
        for place in self._ranking(np.array(scores, dtype=object), epsilon):
            if allowed(place):
                return place
        return None

    def _ranking(self, scores: NDArray[np.object_], epsilon: Fraction) -> Iterator[int]:
        """Places in random order: each time one of those left, by the exponential mechanism.

        Independent draws from all, of which those seen before are passed over, come in that order.
        """
        left = np.ones(len(scores), dtype=np.bool_)
        while left.any():
            places = np.flatnonzero(left)
            behind = (scores[places].max() - scores[places]) * epsilon.numerator
            drawn = uniform_below(np.full(max(64, len(places)), len(places), dtype=np.int64), self.noise)
            kept = bernoulli_exp(behind[drawn], 2 * epsilon.denominator, self.noise)
            for place in dict.fromkeys(places[drawn[kept]].tolist()):
                left[place] = False
                yield place


def variance_at(rho: Fraction) -> Fraction:
    """Variance of Gaussian noise on a count that costs at most ``rho``, with few digits so that noise is fast."""
    if rho <= 0:
        raise InvalidRequest("A private count needs a budget above 0.")
    return few_digits(1 / (2 * rho))


def threshold_at(variance: float, delta: float) -> int:
    """Smallest noisy count at which a value of a single person shows with probability at most ``delta``."""
    return 2 + math.ceil(math.sqrt(variance) * -NormalDist().inv_cdf(delta))
