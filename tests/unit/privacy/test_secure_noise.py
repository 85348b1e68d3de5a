"""Exact noise: the distributions that the proofs speak of, drawn from whole numbers alone."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from scipy import stats

from cohortium.errors import InvalidRequest
from cohortium.privacy import secure_noise
from cohortium.privacy.secure_noise import (
    InsecureNoise,
    SecureNoise,
    bernoulli_exp,
    discrete_gaussian,
    discrete_laplace,
    uniform_below,
)


def p_value(drawn: np.ndarray, log_weights) -> float:
    """Chi-square p-value of whole numbers against a distribution that is given up to a factor."""
    most = int(np.abs(drawn).max()) + 60
    values = np.arange(-most, most + 1)
    weights = np.exp(log_weights(values))
    expected = weights / weights.sum() * len(drawn)
    counts = np.bincount(drawn + most, minlength=len(values))
    rare = expected < 8
    expected = np.append(expected[~rare], expected[rare].sum())
    counts = np.append(counts[~rare], counts[rare].sum())
    if expected[-1] < 1:
        expected, counts = expected[:-1] * counts[:-1].sum() / expected[:-1].sum(), counts[:-1]
    return float(stats.chisquare(counts, expected, sum_check=False).pvalue)


@pytest.fixture
def noise(rng: np.random.Generator) -> InsecureNoise:
    return InsecureNoise(rng)


@pytest.mark.parametrize("variance", [Fraction(1, 4), Fraction(2), Fraction(101, 2), Fraction(5000)])
def test_gaussian_has_its_distribution(variance: Fraction, noise: InsecureNoise) -> None:
    drawn = discrete_gaussian(variance, 60_000, noise)
    assert p_value(drawn, lambda x: -(x**2) / (2 * float(variance))) > 1e-4


def test_gaussian_test_can_fail(noise: InsecureNoise) -> None:
    drawn = discrete_gaussian(Fraction(50), 60_000, noise)
    assert p_value(drawn, lambda x: -(x**2) / (2 * 53)) < 1e-4


def test_large_numbers_take_the_same_distribution(noise: InsecureNoise, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secure_noise, "_FITS", 1)
    drawn = discrete_gaussian(Fraction(7), 6_000, noise)
    assert p_value(drawn, lambda x: -(x**2) / 14) > 1e-4


def test_very_wide_gaussian_is_gaussian(noise: InsecureNoise) -> None:
    drawn = discrete_gaussian(Fraction(10**12), 4_000, noise)
    assert stats.kstest(drawn / 1e6, "norm").pvalue > 1e-4


def test_laplace_has_its_distribution(noise: InsecureNoise) -> None:
    assert p_value(discrete_laplace(5, 60_000, noise), lambda x: -np.abs(x) / 5) > 1e-4


@pytest.mark.parametrize("exponent", [Fraction(0), Fraction(1, 3), Fraction(1), Fraction(7, 4), Fraction(5)])
def test_bernoulli_exp_has_its_chance(exponent: Fraction, noise: InsecureNoise) -> None:
    n, chance = 50_000, math.exp(-float(exponent))
    hits = bernoulli_exp(np.full(n, exponent.numerator), exponent.denominator, noise).sum()
    assert stats.binomtest(int(hits), n, min(chance, 1.0)).pvalue > 1e-4 or chance == 1.0
    assert exponent > 0 or hits == n


@pytest.mark.parametrize("bound", [1, 7, 3 * 2**59])
def test_uniform_covers_its_range_evenly(bound: int, noise: InsecureNoise) -> None:
    drawn = uniform_below(np.full(30_000, bound, dtype=np.int64), noise)
    assert drawn.min() >= 0
    assert drawn.max() < bound
    thirds = np.bincount((drawn.astype(object) * 3 // bound).astype(int), minlength=3)
    assert bound == 1 or stats.chisquare(np.bincount(drawn % 7 if bound == 7 else thirds)).pvalue > 1e-4


def test_uniform_reaches_beyond_64_bits(noise: InsecureNoise) -> None:
    bound = 10**40
    drawn = uniform_below(np.array([bound] * 2_000, dtype=object), noise)
    assert all(0 <= number < bound for number in drawn)
    assert stats.kstest([float(Fraction(number, bound)) for number in drawn], "uniform").pvalue > 1e-4


def test_secure_words_do_not_repeat_and_fill_their_range() -> None:
    one, two = SecureNoise().words(2_000), SecureNoise().words(2_000)
    assert (one != two).any()
    assert one.min() >= 0
    assert one.max() < 2**62
    assert stats.kstest(one / 2.0**62, "uniform").pvalue > 1e-6


def test_insecure_noise_repeats() -> None:
    one, two = (discrete_gaussian(Fraction(9), 50, InsecureNoise(np.random.default_rng(3))) for _ in range(2))
    assert (one == two).all()


def test_no_variance_is_refused(noise: InsecureNoise) -> None:
    with pytest.raises(InvalidRequest, match="above 0"):
        discrete_gaussian(Fraction(0), 3, noise)
