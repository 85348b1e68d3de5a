"""What steps on random lots cost, held against sums over the grid itself."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest

from cohortium.errors import InvalidRequest
from cohortium.privacy.accounting import delta_of, epsilon_of, rho_of
from cohortium.privacy.sampled_accounting import SMALLEST_DELTA, SampledSteps, noise_for


def _divergences(vector: tuple[int, ...], deviation: float, lot: float, order: float) -> tuple[float, float]:
    """Renyi divergences of one step, a person removed and added: sums over all points of the grid that matter."""
    reach = math.ceil(9 * deviation + (order + 1) * max(abs(entry) for entry in vector))
    axes = [np.arange(-reach, reach + 1)] * len(vector)
    points = np.array(list(itertools.product(*axes)), dtype=np.float64)
    weight = [-((points - np.array(centre)) ** 2).sum(axis=1) / (2 * deviation**2) for centre in (0, vector)]
    without, moved = (values - np.log(np.exp(values).sum()) for values in weight)
    shown = np.logaddexp(math.log1p(-lot) + without, math.log(lot) + moved)

    def divergence(one: np.ndarray, other: np.ndarray) -> float:
        return float(np.log(np.exp(order * one + (1 - order) * other).sum()) / (order - 1))

    return divergence(shown, without), divergence(without, shown)


GRID = [((3,), 6.0, 0.1), ((1,), 0.7, 0.3), ((2,), 3.0, 0.02), ((1, 1), 2.0, 0.2), ((2, -1), 2.5, 0.5)]


@pytest.mark.parametrize(("vector", "deviation", "lot"), GRID)
@pytest.mark.parametrize("order", [2, 3, 7])
def test_whole_orders_are_exact_on_the_grid(vector: tuple[int, ...], deviation: float, lot: float, order: int) -> None:
    removed, added = _divergences(vector, deviation, lot, order)
    claimed = SampledSteps(lot, deviation / math.hypot(*vector), 1).divergence(order)
    assert removed == pytest.approx(claimed, rel=1e-6)
    assert added <= claimed


@pytest.mark.parametrize(("vector", "deviation", "lot"), GRID)
@pytest.mark.parametrize("steps", [1, 10, 100])
def test_the_charge_holds_at_every_order_up_to_the_last(
    vector: tuple[int, ...], deviation: float, lot: float, steps: int
) -> None:
    rho = float(SampledSteps(lot, deviation / math.hypot(*vector), steps).rho())
    last = _order_of_conversion(rho, SMALLEST_DELTA)
    for order in [1.001, 1.3, 1.9, 2.2, 2.5, 2.8, 3.5, 4.4, 6.3, 9.5, 13.5, 20.7]:
        if order > last:
            break
        found = steps * max(_divergences(vector, deviation, lot, order))
        assert found <= rho * order * (1 + 1e-9), order


def _order_of_conversion(rho: float, delta: float) -> float:
    low, high = 1.0, 1e9
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if (middle - 1) ** 2 * rho + math.log(middle) < -math.log(delta) else (low, middle)
    return high


@pytest.mark.parametrize("rho", [1e-4, 0.02, 0.5, 3.0])
@pytest.mark.parametrize("delta", [1e-3, 1e-6, 1e-9])
def test_the_ledger_converts_at_the_order_that_the_charge_reaches(rho: float, delta: float) -> None:
    order, epsilon = _order_of_conversion(rho, delta), epsilon_of(rho, delta)

    def at(order: float) -> float:
        return (order - 1) * (order * rho - epsilon) - math.log(order - 1) + order * math.log1p(-1 / order)

    assert at(order) == pytest.approx(math.log(delta), abs=1e-6)
    assert delta_of(rho, epsilon) == pytest.approx(delta, rel=1e-6)
    assert min(at(0.9 * order + 0.1), at(1.1 * order)) > at(order)


def test_a_small_lot_costs_less_and_the_whole_table_as_much_as_without_lots() -> None:
    costs = [SampledSteps(lot, 4.0, 200).rho() for lot in (0.01, 0.1, 0.5, 1.0)]
    assert costs == sorted(costs)
    assert float(costs[-1]) == pytest.approx(200 / (2 * 4.0**2), rel=1e-6)
    assert costs[1] < costs[-1] / 50
    assert all(cost <= costs[-1] for cost in costs)


def test_extreme_settings_are_answered_and_never_cost_more_than_without_lots() -> None:
    for lot, noise in itertools.product((1e-9, 0.0099, 0.0101, 0.999999), (1e-3, 1.0, 1e4)):
        rho = SampledSteps(lot, noise, 3).rho()
        assert 0 < rho <= SampledSteps(1.0, noise, 3).rho()


@pytest.mark.parametrize(("epsilon", "lot", "steps"), [(1.0, 0.05, 300), (3.0, 0.2, 50), (0.3, 0.01, 1000)])
def test_noise_for_a_budget_uses_it_up(epsilon: float, lot: float, steps: int) -> None:
    allowed = Fraction(rho_of(epsilon, 1e-6))
    noise = noise_for(allowed, lot, steps)
    assert SampledSteps(lot, noise, steps).rho() <= allowed < SampledSteps(lot, noise * 0.998, steps).rho()


@pytest.mark.parametrize(("lot", "noise", "steps"), [(0.0, 1.0, 1), (1.1, 1.0, 1), (0.5, 0.0, 1), (0.5, 1.0, 0)])
def test_steps_that_are_none_are_refused(lot: float, noise: float, steps: int) -> None:
    with pytest.raises(InvalidRequest, match="share above 0"):
        SampledSteps(lot, noise, steps)
