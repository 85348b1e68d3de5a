"""The accountant's claims against privacy profiles that can be computed exactly."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from scipy import optimize, special, stats

from cohortium.privacy.accounting import delta_of, rho_of


@pytest.mark.parametrize(("rho", "epsilon"), [(0.001, 0.1), (0.03, 1.0), (0.2, 1.0), (1.8, 10.0), (3.0, 4.0)])
def test_conversion_is_the_minimum_over_orders(rho: float, epsilon: float) -> None:
    def log_delta(log_order: float) -> float:
        alpha = 1 + math.exp(log_order)
        return (alpha - 1) * (alpha * rho - epsilon) - math.log(alpha - 1) + alpha * math.log1p(-1 / alpha)

    grid = np.linspace(-8, 12, 4_001)
    start = grid[np.argmin([log_delta(point) for point in grid])]
    best = optimize.minimize_scalar(log_delta, bounds=(start - 0.1, start + 0.1), method="bounded")
    assert delta_of(rho, epsilon) == pytest.approx(min(1.0, math.exp(best.fun)), rel=1e-6)


@pytest.mark.parametrize("epsilon", [0.1, 1.0, 5.0])
def test_conversion_lies_between_the_truth_and_the_looser_bound(epsilon: float) -> None:
    rho = rho_of(epsilon, 1e-5)
    spread = math.sqrt(2 * rho)  # one Gaussian count of this cost; its exact profile is Balle & Wang 2018, theorem 5
    exact = stats.norm.cdf(spread / 2 - epsilon / spread) - math.exp(epsilon) * stats.norm.cdf(
        -spread / 2 - epsilon / spread
    )
    looser = math.exp(-((epsilon - rho) ** 2) / (4 * rho))  # Bun & Steinke 2016, proposition 1.3
    assert exact <= delta_of(rho, epsilon) <= looser


@pytest.mark.parametrize("variance", [Fraction(1, 2), Fraction(4), Fraction(30)])
def test_discrete_gaussian_counts_cost_what_is_charged(variance: Fraction) -> None:
    rho = 1 / (2 * float(variance))
    numbers = np.arange(-2_000, 2_001)
    weights = np.exp(-(numbers**2) / (2 * float(variance)))
    without = weights / weights.sum()
    with_person = np.roll(without, 1)
    for epsilon in (0.1, 0.5, 1.0, 2.0):
        exact = np.clip(with_person - math.exp(epsilon) * without, 0, None).sum()
        assert exact <= delta_of(rho, epsilon) + 1e-12
        assert exact > delta_of(rho, epsilon) / 50, "the claim should not be far from the truth either"


def test_exponential_choices_cost_an_eighth_of_their_square(rng: np.random.Generator) -> None:
    for _ in range(300):
        epsilon, alpha = rng.uniform(0.05, 4), 1 + rng.exponential(8)
        scores = rng.integers(0, 30, 6)
        changed = scores + rng.integers(-1, 2, 6)
        here, there = (special.log_softmax(epsilon * either / 2) for either in (scores, changed))
        divergence = special.logsumexp(alpha * here + (1 - alpha) * there) / (alpha - 1)
        assert divergence <= alpha * epsilon**2 / 8 + 1e-9
