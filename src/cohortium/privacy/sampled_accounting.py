"""What steps cost that see every person with a small chance only: discrete Gaussian noise on randomly drawn lots.

Neighbouring tables differ in one person, added or removed. A lot takes each person by a coin of its own, with chance
``lot``; a step shows the sum of whole-numbered vectors of L2 norm at most D over the lot, under discrete Gaussian noise
of variance (z D)^2 on every number. D is 1 below, since only z counts.

**One step, whole orders.** Let P be the noise around 0 and Q around a person's vector d. Given who else is in the lot,
a step without the person shows P, with the person R = (1 - lot) P + lot Q, both moved by the others' sum, which is
whole; Renyi divergences are quasi-convex, so the mixture over the others costs no more. For a whole order k, with the
moments E_P (Q / P)^j = exp(j (j - 1) |d|^2 / (2 z^2)): exact on the grid, too, since j d lies on it,

    E_P (R / P)^k - 1 = sum over j = 2 ... k of C(k, j) (1 - lot)^(k - j) lot^j (exp(j (j - 1) / (2 z^2)) - 1)

at most, the sampled Gaussian mechanism's own sum (Mironov, Talwar & Zhang 2019, arXiv 1908.10530, section 3.3). Turning
the grid around, x -> d - x, swaps P and Q, so by their theorem 5 removing a person costs the most.

**All orders.** The ledger's conversion to (epsilon, delta) uses real orders a. Let f(a) = E_P (R / P)^a - 1 and g(a) =
log(1 + f(a)); the divergence is g(a) / (a - 1). By Taylor's theorem f(a) / (a (a - 1)) is the integral over t in (0, 1)
of (1 - t) E_P (R / P - 1)^2 (1 + t (R / P - 1))^(a - 2), which is convex in a: between two whole orders it is at most
the larger of theirs, and between 1 and 2 at most ((1 - lot) log(1 - lot) + lot) / lot^2 times f(2), since R / P is at
least 1 - lot. Also g is convex, so that where g is at most m a (a - 1) at two whole orders k < l, its chord is at most
m (a (a - 1) + (l - k)^2 / 4) between them. The smaller bound holds.

**For a ledger.** Steps add up at every order. A run whose divergence is at most rho a at all orders a up to a last one
is truncated concentrated (Bun, Dwork, Rothblum & Steinke 2018). ``accounting`` converts a sum of costs at the order
that makes its delta_of smallest. Put the root of the derivative, (2 a - 1) rho = epsilon + log(a / (a - 1)), into it:

    (a - 1)^2 rho + log(a) = log(1 / delta)

so that the order falls when the sum or delta grows; and a sum is no less than any cost in it. So a cost whose bound
reaches as far as the order for itself alone, at ``SMALLEST_DELTA``, may be added as if it held at all orders. This asks
that a run is charged as a whole, before its first step.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from cohortium.errors import InvalidRequest

if TYPE_CHECKING:
    from numpy.typing import NDArray

SMALLEST_DELTA = 1e-9
"""Epsilon may be stated at any delta from here on."""
_GRID = 1 << 40  # costs are rounded up to whole multiples of 1 / _GRID, so that a ledger's fractions stay short
_SLACK = 1 + 1e-9  # more than the rounding of any formula below
_LAST_ORDER = 2048
_LOG_FACTORIALS = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, 2 * _LAST_ORDER)))])
_FINENESS = 32  # orders above it grow by this part of themselves
_SMALL = 0.01
_HUGE = 700.0  # its exponential is still a number


@dataclass(frozen=True, slots=True)
class SampledSteps:
    """So many steps on lots.

    lot   : chance with which a person is in one, above 0 and up to 1.
    noise : deviation of the noise over the largest length of a person's vector.
    steps : how many.
    """

    lot: float
    noise: float
    steps: int

    def __post_init__(self) -> None:
        if not (0 < self.lot <= 1 and 0 < self.noise < math.inf and self.steps >= 1):
            raise InvalidRequest("A lot is a share above 0 and up to 1, noise is above 0, and there is a step or more.")

    def divergence(self, order: int) -> float:
        """Renyi divergence of all steps at a whole order from 2 on, rounded up."""
        log_moment = _log_excess(self.lot, self.noise, order)
        return self.steps * min(order / (2 * self.noise**2), _log1p_exp(log_moment) / (order - 1)) * _SLACK

    def rho(self) -> Fraction:
        """What all steps together cost, for a ledger: see above."""
        whole = self.steps / (2 * self.noise**2)  # as if nobody was ever left out
        found = self._below_two()
        order = 2
        while order < _LAST_ORDER and found < whole:
            following = order + max(1, order // _FINENESS)
            found, order = max(found, self._between(order, following)), following
            if (order - 1) ** 2 * found + math.log(order) >= -math.log(SMALLEST_DELTA):
                return _rounded_up(min(found, whole))
        return _rounded_up(whole)

    def _below_two(self) -> float:
        """Bound of divergence over order, between 1 and 2."""
        rest = 1 - self.lot
        if self.lot < _SMALL:  # its series, since the formula cancels: lot^2 / 2 + lot^3 / 6 + lot^4 / 12 ...
            factor = self.lot**2 / 2 + self.lot**3 / (6 * rest)
        else:
            factor = (rest * math.log(rest) if rest > 0 else 0.0) + self.lot
        return self.steps * factor * math.expm1(min(1 / self.noise**2, _HUGE)) * _SLACK

    def _between(self, low: int, high: int) -> float:
        """Bound of divergence over order, between two whole orders."""
        excess = [_log_excess(self.lot, self.noise, one) - math.log(one * (one - 1)) for one in (low, high)]
        ratios = [self.divergence(one) / one for one in (low, high)]
        chord = max(ratios) * (1 + (high - low) ** 2 / (4 * low * (low - 1)))
        return min(chord, self.steps * math.exp(min(max(excess), _HUGE)) * _SLACK)


def noise_for(rho: Fraction, lot: float, steps: int) -> float:
    """Smallest noise, to a thousandth, at which so many steps on lots cost at most ``rho``, which is above 0."""
    low, high = 0.0, 1.0
    while SampledSteps(lot, high, steps).rho() > rho:
        low, high = high, 2 * high
    while high - low > 1e-3 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if SampledSteps(lot, middle, steps).rho() > rho else (low, middle)
    return high


def _log_excess(lot: float, noise: float, order: int) -> float:
    """Logarithm of E_P (R / P)^order - 1 of one step."""
    if lot == 1:
        return _log_expm1(np.array([order * (order - 1) / (2 * noise**2)])).item()
    chosen = np.arange(2, order + 1)
    ways = _LOG_FACTORIALS[order] - _LOG_FACTORIALS[chosen] - _LOG_FACTORIALS[order - chosen]
    drawn = chosen * math.log(lot) + (order - chosen) * math.log1p(-lot)
    terms = ways + drawn + _log_expm1(chosen * (chosen - 1) / (2 * noise**2))
    largest = float(terms.max())
    return largest + math.log(float(np.exp(terms - largest).sum()))


def _log_expm1(values: NDArray[np.float64]) -> NDArray[np.float64]:
    near = np.log(np.expm1(np.minimum(values, 1.0)))
    return np.where(values > 1, values + np.log1p(-np.exp(-np.maximum(values, 1.0))), near)


def _log1p_exp(value: float) -> float:
    return value + math.log1p(math.exp(-value)) if value > 0 else math.log1p(math.exp(value))


def _rounded_up(cost: float) -> Fraction:
    return Fraction(math.ceil(cost * _GRID), _GRID)
