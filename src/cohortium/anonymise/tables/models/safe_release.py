"""Differential privacy without noise: a random part of the rows, told less exactly, without small classes.

Each row is taken with chance beta, generalised by a scheme that was chosen without looking at the data, and left out
where fewer than k of the rows taken show the same. All columns that leave are part of what is shown.

Why it holds. One person more changes one class: of m = n + 1 rows instead of n, of which j are taken, binomially. The
likelihood of j with n rows over that with m is (m - j) / (m (1 - beta)), at most 1 / (1 - beta) <= e^epsilon, since
beta <= 1 - e^-epsilon. The inverse is at most e^epsilon for j <= gamma m, gamma = 1 - (1 - beta) e^-epsilon. Beyond,
only j >= k is seen, with a chance of at most delta for every m: that is how k is chosen. That fewer than k are taken,
so that nothing is seen, is less likely with m rows than with n, by at most the first factor.

Sources : Li, Qardaji and Su 2012, ASIACCS (k and beta from epsilon and delta); Bild, Kuhn and Prasser 2018,
          PoPETs 2018(1), 67-87 (SafePub: how to search for the scheme).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from cohortium.anonymise.tables.models.protocol import Classes
from cohortium.errors import InvalidRequest

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ROUNDING = 1e-9
_MOST_K = 1 << 20


@dataclass(frozen=True, slots=True)
class SafeRelease:
    """(epsilon, delta)-differential privacy of a release that ``safepub`` makes; neighbours differ by one person.

    epsilon : above 0.
    delta   : above 0, well below 1 / persons.
    Raises  : InvalidRequest.

    It is not registered for recipes: leaving out classes of fewer than k is not enough, the rows must be sampled, and
    no search may look at them.
    """

    epsilon: float
    delta: float

    def __post_init__(self) -> None:
        if not 0 < self.epsilon <= 10 or not 0 < self.delta < 1:
            raise InvalidRequest(
                f"A safe release needs epsilon above 0, at most 10, and delta above 0 and below 1, not "
                f"{self.epsilon:g} and {self.delta:g}."
            )

    @property
    def beta(self) -> float:
        """Chance that a row is taken."""
        return -math.expm1(-self.epsilon)

    @property
    def k(self) -> int:
        """Fewest rows taken of a class that leaves."""
        return fewest_rows(self.epsilon, self.delta)

    @property
    def nested(self) -> bool:
        """A class of too few rows has finer classes of fewer still."""
        return True

    @property
    def sensitive(self) -> tuple[str, ...]:
        """None: all columns are part of what a class shows."""
        return ()

    def fails(self, classes: Classes) -> NDArray[np.bool_]:
        """(c,) True where too few of the rows taken are in a class."""
        return classes.rows < self.k

    def __str__(self) -> str:
        return (
            f"({self.epsilon:g}, {self.delta:.3g})-differential privacy: {self.beta:.1%} of the rows at random, every "
            f"combination of values shown by at least {self.k} of them"
        )


@lru_cache(maxsize=64)
def fewest_rows(epsilon: float, delta: float) -> int:
    """The least k with which a release is (epsilon, delta)-differentially private, with the greatest beta.

    Raises : InvalidRequest where it would pass a million.
    """
    low, high = 0, 1
    while delta_of(high, epsilon) > delta:
        low, high = high, 2 * high
        if high > _MOST_K:
            raise InvalidRequest(f"No class is large enough for epsilon = {epsilon:g} and delta = {delta:g}.")
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if delta_of(middle, epsilon) > delta else (low, middle)
    return high


def delta_of(k: int, epsilon: float) -> float:
    """The delta of a release with classes of k rows, of which a share 1 - e^-epsilon was taken.

    It is the greatest over m, from the largest with gamma m < k on, of the chance that more than gamma m of m rows are
    taken. Chernoff's bound on that chance falls with m; once it is below the greatest found, no later m exceeds it.
    """
    beta = -math.expm1(-epsilon)
    gamma = 1 - (1 - beta) * math.exp(-epsilon)
    divergence = gamma * math.log(gamma / beta) + (1 - gamma) * math.log((1 - gamma) / (1 - beta))
    most, rows = 0.0, math.ceil(k / gamma) - 1
    while math.exp(-rows * divergence) > most:
        most = max(most, _more_than(math.floor(gamma * rows), rows, beta))
        rows += 1
    return most * (1 + _ROUNDING)


def _more_than(taken: int, rows: int, beta: float) -> float:
    """Chance that more than so many of the rows are taken."""
    counts = np.arange(taken + 1, rows + 1, dtype=np.float64)
    if not len(counts):
        return 0.0
    first = (
        math.lgamma(rows + 1) - math.lgamma(taken + 2) - math.lgamma(rows - taken)
        + (taken + 1) * math.log(beta) + (rows - taken - 1) * math.log1p(-beta)
    )  # fmt: skip
    steps = np.log((rows - counts[:-1]) / (counts[:-1] + 1)) + math.log(beta) - math.log1p(-beta)
    return float(np.exp(first + np.concatenate([[0.0], np.cumsum(steps)])).sum())
