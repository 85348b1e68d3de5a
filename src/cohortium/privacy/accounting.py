"""Accounting of differential privacy in zero-concentrated form: what was promised, what each step has cost.

Neighbouring tables differ in one person. A step of cost rho is rho-zCDP (Bun & Steinke 2016); costs of steps add up,
also when a later step is chosen by what an earlier one has shown. Costs are exact fractions, so a ledger adds up.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction

from cohortium.errors import BudgetExhausted, InvalidRequest


def delta_of(rho: float, epsilon: float) -> float:
    """Smallest proven delta at which rho-zCDP gives (epsilon, delta)-differential privacy.

    Source : Canonne, Kamath & Steinke 2020, corollary 13: the minimum over the Renyi order alpha > 1 of
             exp((alpha - 1) (alpha rho - epsilon)) / (alpha - 1) * (1 - 1 / alpha) ** alpha; any order is valid.
    """
    if rho <= 0:
        return 0.0

    def log_delta(log_order: float) -> float:
        above = math.exp(log_order)  # alpha - 1
        alpha = 1.0 + above
        return above * (alpha * rho - epsilon) - log_order + alpha * (log_order - math.log1p(above))

    return math.exp(min(0.0, _lowest(log_delta, -20.0, 20.0)))


def epsilon_of(rho: float, delta: float) -> float:
    """Smallest epsilon at which ``delta_of(rho, epsilon)`` is at most ``delta``."""
    _check_delta(delta)
    if rho <= 0:
        return 0.0
    low, high = 0.0, rho + 2.0 * math.sqrt(rho * math.log(1.0 / delta))  # Bun & Steinke's looser bound
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (low, middle) if delta_of(rho, middle) <= delta else (middle, high)
    return high


def rho_of(epsilon: float, delta: float) -> float:
    """Largest rho whose zCDP gives (epsilon, delta)-differential privacy, to within rounding and never above.

    Raises : InvalidRequest unless epsilon > 0 and 0 < delta < 1.
    """
    if not (epsilon > 0 and math.isfinite(epsilon)):
        raise InvalidRequest(f"epsilon must be a number above 0, not {epsilon}.")
    _check_delta(delta)
    low, high = 0.0, epsilon + 1.0
    while delta_of(high, epsilon) <= delta:
        high *= 2
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if delta_of(middle, epsilon) <= delta else (low, middle)
    return low


@dataclass(frozen=True, slots=True)
class Spent:
    """One line of a ledger: what was looked at, at which cost."""

    purpose: str
    rho: Fraction
    delta: Fraction = Fraction(0)


@dataclass(slots=True)
class Budget:
    """A ledger with a fixed sum: total rho, and total delta for steps that may fail with a small probability.

    Such a step is (delta, rho)-approximate zCDP (Bun & Steinke 2016, section 8): both parts add up, and the whole is
    (epsilon, delta_of(rho, epsilon) + delta)-differentially private.

    left, delta_left : what nothing has been spent on yet.
    """

    rho: Fraction
    delta: Fraction = Fraction(0)
    entries: list[Spent] = field(default_factory=list)
    left: Fraction = field(init=False)
    delta_left: Fraction = field(init=False)

    def __post_init__(self) -> None:
        self.left = self.rho - sum((entry.rho for entry in self.entries), Fraction(0))
        self.delta_left = self.delta - sum((entry.delta for entry in self.entries), Fraction(0))

    def spend(self, purpose: str, rho: Fraction, delta: Fraction = Fraction(0)) -> None:
        """Enter a cost before the step is taken.

        Raises : BudgetExhausted where it is more than is left; nothing is entered then.
        """
        if rho < 0 or delta < 0 or rho > self.left or delta > self.delta_left:
            raise BudgetExhausted(
                f"The step '{purpose}' costs rho {float(rho):.3g} and delta {float(delta):.3g}; left are "
                f"{float(self.left):.3g} and {float(self.delta_left):.3g}. Ask for less, or allow a larger epsilon."
            )
        self.entries.append(Spent(purpose, rho, delta))
        self.left -= rho
        self.delta_left -= delta

    def by_purpose(self) -> dict[str, Fraction]:
        """Rho spent on each purpose, in the order of first use, and what was left unspent."""
        sums: dict[str, Fraction] = {}
        for entry in self.entries:
            sums[entry.purpose] = sums.get(entry.purpose, Fraction(0)) + entry.rho
        sums["unspent"] = self.left
        return sums


def _check_delta(delta: float) -> None:
    if not 0 < delta < 1:
        raise InvalidRequest(f"delta must lie between 0 and 1, not {delta}.")


def _lowest(function: Callable[[float], float], low: float, high: float) -> float:
    """Smallest value that a search by golden sections meets; exact enough, and a valid bound wherever it stops."""
    golden = (math.sqrt(5.0) - 1.0) / 2.0
    left, right = high - golden * (high - low), low + golden * (high - low)
    at_left, at_right = function(left), function(right)
    for _ in range(80):
        if at_left < at_right:
            high, right, at_right = right, left, at_left
            left = high - golden * (high - low)
            at_left = function(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + golden * (high - low)
            at_right = function(right)
    return min(at_left, at_right)
