"""Tails and quantiles against scipy's, and against exact fractions where scipy itself loses digits."""

from __future__ import annotations

from fractions import Fraction
from math import comb

import numpy as np
import pytest
from scipy import special, stats

from cohortium.numerics import distributions as own

RNG = np.random.default_rng(0)
T, DF = RNG.normal(0, 1, 500) * 10 ** RNG.uniform(-3, 2, 500), 10 ** RNG.uniform(-0.3, 5, 500)
X, SHAPE = 10 ** RNG.uniform(-3, 3, 500), 10 ** RNG.uniform(-1, 3.5, 500)
P = np.concatenate([10.0 ** -np.arange(1, 60, 7), RNG.random(90)])


def assert_close(found: np.ndarray, expected: np.ndarray, least: float = 1e-100) -> None:
    known = np.isfinite(expected) & (np.abs(expected) > least)
    assert known.sum() > len(expected) / 2
    np.testing.assert_allclose(found[known], expected[known], rtol=1e-10)


def test_normal() -> None:
    z = np.linspace(-10, 37, 500)
    assert_close(own.normal_sf(z), stats.norm.sf(z), 1e-290)
    assert_close(own.normal_quantile(P), stats.norm.ppf(P))


def test_student_t() -> None:
    assert_close(own.t_sf(T, DF), stats.t.sf(T, DF))
    assert_close(own.t_quantile(P, DF[:99]), stats.t.ppf(P, DF[:99]))
    assert own.t_sf(1.96, np.inf) == own.normal_sf(1.96)


def test_chi_square_and_gamma() -> None:
    assert_close(own.chi2_sf(X, SHAPE), stats.chi2.sf(X, SHAPE))
    assert_close(own.regularised_gamma(SHAPE, X), special.gammainc(SHAPE, X))
    assert_close(own.chi2_quantile(P[8:], SHAPE[:91]), stats.chi2.ppf(P[8:], SHAPE[:91]))


def test_f_and_beta() -> None:
    d1, d2 = 10 ** RNG.uniform(0, 3, 500), 10 ** RNG.uniform(0, 3, 500)
    assert_close(own.f_sf(X / 10, d1, d2), stats.f.sf(X / 10, d1, d2), 1e-60)
    assert_close(own.regularised_beta(d1, d2, d1 / (d1 + d2)), special.betainc(d1, d2, d1 / (d1 + d2)))
    assert_close(own.beta_quantile(P, DF[:99], 3.0), stats.beta.ppf(P, DF[:99], 3.0))


@pytest.mark.parametrize(("k", "n", "chance"), [(300, 400, 0.1), (35, 1000, 0.5), (990, 1000, 0.5)])
def test_far_tails_against_exact_fractions(k: int, n: int, chance: float) -> None:
    p = Fraction(chance)
    exact = float(sum(comb(n, j) * p**j * (1 - p) ** (n - j) for j in range(k, n + 1)))
    assert own.regularised_beta(k, n - k + 1, chance) == pytest.approx(exact, rel=1e-11)


def test_at_the_ends_and_beyond() -> None:
    np.testing.assert_array_equal(own.t_quantile([0, 0.5, 1, np.nan], 3), [-np.inf, 0, np.inf, np.nan])
    np.testing.assert_array_equal(own.chi2_sf([0, -1, np.inf, np.nan], 3), [1, 1, 0, np.nan])
    np.testing.assert_array_equal(own.f_sf([0, np.inf, -1, np.nan], 3, 4), [1, 0, 1, np.nan])
    np.testing.assert_array_equal(own.t_sf([np.inf, -np.inf, 0], 3), [0, 1, 0.5])
    np.testing.assert_array_equal(own.normal_quantile([0, 1, 1.5]), [-np.inf, np.inf, np.nan])
