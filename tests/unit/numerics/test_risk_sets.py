"""Risk-set sums and score residuals beside slow loops, and binned concordance beside the exact one."""

from __future__ import annotations

import numpy as np
import pytest

from cohortium.analyse.survival.cox_answer import hazard_arrays
from cohortium.numerics.binned_concordance import binned_concordance
from cohortium.numerics.partial_likelihood import PartialLikelihood
from cohortium.numerics.risk_sets import point_sums, risk_set_sums, score_residuals, unpacked
from cohortium.numerics.survival_curves import concordance


def rows(seed: int = 0, n: int = 60) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    first = np.array([0, 5, 9])
    stratum = rng.integers(0, 2, n)
    start = first[stratum] + rng.integers(0, 3, n) * (rng.random(n) < 0.4)
    end = np.minimum(start + rng.integers(0, 5, n), first[stratum + 1])
    own = np.where((rng.random(n) < 0.7) & (end > start), end - 1, -1)
    return rng.normal(size=(n, 2)), np.exp(rng.normal(size=n)), start, end, own, first


def test_sums_over_risk_sets() -> None:
    X, weight, start, end, _, first = rows()
    found = risk_set_sums(X, weight, start, end, first)
    for point in range(9):
        there = (start <= point) & (point < end)
        np.testing.assert_allclose(found[point, 0], weight[there].sum(), atol=1e-12)
        np.testing.assert_allclose(found[point, 1:3], weight[there] @ X[there], atol=1e-12)
        np.testing.assert_allclose(unpacked(found[point], 2), (X[there] * weight[there, None]).T @ X[there], atol=1e-12)


@pytest.mark.parametrize("efron", [False, True])
def test_score_residuals_are_the_slope_of_a_row(efron: bool) -> None:
    """A row's residual is how the slope changes with the row's weight, found here by changing it a little."""
    X, _, start, end, own, first = rows()
    beta = np.array([0.3, -0.5])
    hazard = np.exp(X @ beta)

    def slope(case: np.ndarray) -> np.ndarray:
        total = np.zeros(2)
        for point in range(9):
            there, here = (start <= point) & (point < end), own == point
            deaths = int(here.sum())
            total += case[here] @ X[here]
            for tie in range(deaths):
                part = case * hazard * (there - (tie / deaths if efron else 0.0) * here)
                total -= case[here].mean() * (part @ X) / part.sum()
        return total

    deaths = np.bincount(own[own >= 0], minlength=9)
    at_risk = risk_set_sums(X, hazard, start, end, first)
    dying = point_sums(X, hazard, own, 9)
    found = PartialLikelihood.of(at_risk, dying, deaths, X[own >= 0].sum(axis=0), beta, efron=efron)
    np.testing.assert_allclose(found.slope, slope(np.ones(60)), atol=1e-10)
    arrays = hazard_arrays(found)
    residuals = score_residuals(X, hazard, start, end, own, arrays["hazard"], arrays["tie"])
    np.testing.assert_allclose(residuals.sum(axis=0), found.slope, atol=1e-10)
    for row in range(60):
        step = np.zeros(60)
        step[row] = 1e-5
        np.testing.assert_allclose(residuals[row], (slope(1 + step) - slope(1 - step)) / 2e-5, atol=1e-6)


def test_information_is_the_curvature() -> None:
    X, _, start, end, own, first = rows(1)
    deaths = np.bincount(own[own >= 0], minlength=9)

    def at(beta: np.ndarray) -> PartialLikelihood:
        weight = np.exp(X @ beta)
        sums = risk_set_sums(X, weight, start, end, first), point_sums(X, weight, own, 9)
        return PartialLikelihood.of(*sums, deaths, X[own >= 0].sum(axis=0), beta, efron=True)

    beta = np.array([0.2, 0.4])
    for place, step in enumerate(np.eye(2) * 1e-5):
        higher, lower = at(beta + step), at(beta - step)
        np.testing.assert_allclose((higher.value - lower.value) / 2e-5, at(beta).slope[place], rtol=1e-6)
        np.testing.assert_allclose((lower.slope - higher.slope) / 2e-5, at(beta).information()[place], rtol=1e-6)


def test_binned_concordance_is_exact_where_each_bin_is_one_score() -> None:
    rng = np.random.default_rng(2)
    times, events, risk = rng.integers(1, 12, 300), rng.random(300) < 0.6, rng.integers(0, 7, 300)
    cells = np.zeros((2, 12, 7), dtype=np.int64)
    np.add.at(cells, (np.where(events, 0, 1), times, risk), 1)
    value, error = binned_concordance(cells[0], cells[1], np.array([0, 12]))
    assert value == pytest.approx(concordance(times.astype(float), events, risk.astype(float)), abs=1e-12)
    # The jackknife, person by person.
    kept = ~np.eye(300, dtype=np.bool_)
    others = [concordance(times[k].astype(float), events[k], risk[k].astype(float)) for k in kept]
    assert error == pytest.approx(np.sqrt(((np.array(others) - value) ** 2).sum()), rel=0.02)


def test_no_comparable_pair_has_no_concordance() -> None:
    value, error = binned_concordance(np.zeros((3, 2), np.int64), np.ones((3, 2), np.int64), np.array([0, 3]))
    assert np.isnan(value)
    assert np.isnan(error)
