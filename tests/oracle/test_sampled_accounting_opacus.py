"""The account of steps on lots beside that of Opacus."""

from __future__ import annotations

import warnings
from fractions import Fraction
from functools import cache

import numpy as np
import pytest

from cohortium.privacy.accounting import epsilon_of
from cohortium.privacy.sampled_accounting import SampledSteps

pytest.importorskip("opacus", reason="Opacus is not installed")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from opacus.accountants import PRVAccountant
    from opacus.accountants.analysis.rdp import compute_rdp, get_privacy_spent

ORDERS = [1 + tenth / 10 for tenth in range(1, 290)] + list(range(30, 256))
GRID = 5e-5
"""By so much their epsilon is too large at most, since the best order lies between two of these."""
SETTINGS = [(0.05, 1.5, 300), (0.05, 4.0, 1000), (0.3, 6.0, 50), (0.01, 0.8, 100), (0.02, 2.0, 40), (1.0, 10.0, 50)]
DELTA = 1e-6


@cache
def _divergences(lot: float, noise: float, steps: int) -> np.ndarray:
    return np.asarray(compute_rdp(q=lot, noise_multiplier=noise, steps=steps, orders=ORDERS))


def _opacus(*runs: tuple[float, float, int], delta: float = DELTA) -> float:
    """Epsilon of several runs together."""
    spent = sum(_divergences(*run) for run in runs)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the best order is the last one
        return float(get_privacy_spent(orders=ORDERS, rdp=spent, delta=delta)[0])


@pytest.mark.parametrize(("lot", "noise", "steps"), SETTINGS[:-1])
@pytest.mark.parametrize("order", [2, 3, 8, 40])
def test_divergence_at_whole_orders_is_the_same(lot: float, noise: float, steps: int, order: int) -> None:
    theirs = compute_rdp(q=lot, noise_multiplier=noise, steps=steps, orders=float(order))
    ours = SampledSteps(lot, noise, steps).divergence(order)
    assert ours == pytest.approx(min(theirs, steps * order / (2 * noise**2)), rel=1e-6)


@pytest.mark.parametrize(("lot", "noise", "steps"), SETTINGS)
@pytest.mark.parametrize("delta", [1e-4, 1e-6, 1e-9])
def test_a_ledger_never_says_less_than_their_account(lot: float, noise: float, steps: int, delta: float) -> None:
    charged = float(SampledSteps(lot, noise, steps).rho())
    assert epsilon_of(charged, delta) >= _opacus((lot, noise, steps), delta=delta) * (1 - GRID)


@pytest.mark.parametrize("delta", [1e-4, 1e-6, 1e-9])
def test_nor_where_several_runs_and_plain_noise_are_added_up(delta: float) -> None:
    for first in SETTINGS:
        for second in SETTINGS:
            plain = Fraction(1, 2 * 5**2)  # one answer with noise of five times its sensitivity
            charged = SampledSteps(*first).rho() + SampledSteps(*second).rho() + plain
            theirs = _opacus(first, second, (1.0, 5.0, 1), delta=delta)
            assert epsilon_of(float(charged), delta) >= theirs * (1 - GRID)


@pytest.mark.parametrize(("lot", "noise", "steps"), [(0.05, 4.0, 1000), (0.3, 6.0, 50), (0.1, 3.0, 300)])
def test_at_the_budgets_that_studies_have_little_is_lost(lot: float, noise: float, steps: int) -> None:
    charged = epsilon_of(float(SampledSteps(lot, noise, steps).rho()), DELTA)
    assert charged <= 1.06 * _opacus((lot, noise, steps))


def test_their_tightest_account_is_below_as_well() -> None:
    exact = PRVAccountant()
    exact.history = [(3.0, 0.1, 300)]
    charged = epsilon_of(float(SampledSteps(0.1, 3.0, 300).rho()), DELTA)
    assert 0.7 * charged < exact.get_epsilon(DELTA) < charged
