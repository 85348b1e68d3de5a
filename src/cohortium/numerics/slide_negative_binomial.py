"""The slide negative binomial model of how large the classes of a population are.

A class of the population has 1 + X persons, X negative binomial (alpha, beta). Of a Bernoulli sample with fraction f,
the expected numbers of classes with one and with two persons in it follow from the generating function; alpha and beta
are those that give the numbers that were seen.

With u = beta / (f + (1 - f) beta), the first of the two equations is u^alpha (1 + alpha (1 - f) (1 - u) / f) = T. For
every alpha it has at most one solution on either side of the left side's peak, so all solutions lie on two curves over
alpha, which are walked until the second equation holds.

Sources : Chen and Keller-McNulty 1998, J. Official Statistics 14, 79-95 (model and equations); Haas and Stokes 1998,
          JASA 93 (number of classes: D_Sh3, the modified estimator of Shlosser).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cohortium.errors import NotApplicable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]

_GRID = np.exp(np.linspace(-18.0, 9.0, 700))
_HALVINGS = 100


@dataclass(frozen=True, slots=True)
class SlideNegativeBinomial:
    """The classes of a population: how many there are, and the two parameters of their sizes."""

    classes: float
    alpha: float
    beta: float

    @property
    def alone(self) -> float:
        """How many classes have one person."""
        return float(self.classes * self.beta**self.alpha)


def fit_slide_negative_binomial(values: Reals, classes: Reals, fraction: float) -> SlideNegativeBinomial:
    """The model under which the sample has as many classes of one and of two persons as it has.

    values, classes : sizes that occur in the sample, and how many classes have each (s,).
    fraction        : of the population that is in the sample, above 0 and below 1.
    Raises          : NotApplicable where no parameters give these numbers.
    """
    number = classes_in_population(values, classes, fraction)
    ones, twos = float(classes[values == 1].sum()), float(classes[values == 2].sum())
    wanted = ones / (number * fraction)
    for below_peak in (True, False):

        def excess(alpha: Reals, side: bool = below_peak) -> tuple[Reals, Reals]:
            beta = _beta_at(alpha, fraction, wanted, side)
            return number * _twos(alpha, beta, fraction) - twos, beta

        signs = np.sign(excess(_GRID)[0])
        changes = np.flatnonzero(signs[:-1] * signs[1:] < 0)
        if len(changes):
            low, high = _GRID[changes[0]], _GRID[changes[0] + 1]
            for _ in range(_HALVINGS):
                middle = (low + high) / 2
                found = excess(np.array([middle]))[0][0]
                low, high = (middle, high) if np.sign(found) == signs[changes[0]] else (low, middle)
            return SlideNegativeBinomial(number, float(low), float(excess(np.array([low]))[1][0]))
    raise NotApplicable("The slide negative binomial model does not fit the numbers of classes of one and two persons.")


def classes_in_population(values: Reals, classes: Reals, fraction: float) -> float:
    """How many classes the population has, estimated from those of a sample."""
    ones = float(classes[values == 1].sum())
    never = np.exp(values * np.log1p(-fraction)) * classes
    twice_never = np.exp((values - 1) * np.log1p(-(fraction**2))) * classes
    first = (values * fraction**2 * twice_never).sum() / (twice_never * (1 - fraction**2) - never).sum()
    once = values * fraction * np.exp((values - 1) * np.log1p(-fraction)) * classes
    return float(classes.sum() + ones * first * (never.sum() / once.sum()) ** 2)


def _beta_at(alpha: Reals, fraction: float, wanted: float, below_peak: bool) -> Reals:
    """The beta that gives the classes of one person at each alpha (a,); NaN where none does."""
    odds = (1 - fraction) / fraction

    def excess(u: Reals) -> Reals:
        found: Reals = u**alpha * (1 + alpha * odds * (1 - u)) - wanted
        return found

    peak = np.minimum((1 + alpha * odds) / (odds * (1 + alpha)), 1.0)
    low, high = (np.zeros_like(peak), peak) if below_peak else (peak, np.ones_like(peak))
    start = np.sign(excess(low))
    none = (start * np.sign(excess(high)) >= 0) | (low >= high)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        same = np.sign(excess(middle)) == start
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    u = np.where(none, np.nan, (low + high) / 2)
    beta: Reals = u * fraction / (1 - (1 - fraction) * u)
    return beta


def _twos(alpha: Reals, beta: Reals, fraction: float) -> Reals:
    """Share of the population's classes of which the sample holds two persons."""
    shown = (1 - fraction) * (1 - beta)
    powers = np.exp(alpha * np.log(beta) - (alpha + 2) * np.log1p(-shown))
    found: Reals = alpha * fraction**2 * (1 - beta) / 2 * powers * (2 - (1 - alpha) * shown)
    return found
