"""The estimators against populations whose truth is known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from cohortium.errors import InvalidRequest, NotApplicable
from cohortium.numerics.ewens_pitman import EwensPitman, fit_ewens_pitman
from cohortium.numerics.population_uniqueness import dankar, pitman, snb, zayatz
from cohortium.numerics.slide_negative_binomial import classes_in_population, fit_slide_negative_binomial

ALL = (dankar, pitman, zayatz, snb)


def sampled(classes: np.ndarray, fraction: float, seed: int) -> tuple[np.ndarray, int, float]:  # type: ignore[type-arg]
    """Class sizes of a sample, persons of the population, and the share of these who are alone."""
    persons = int(classes.sum())
    who = np.repeat(np.arange(len(classes)), classes)
    drawn = np.random.default_rng(seed).choice(who, int(fraction * persons), replace=False)
    sizes = np.bincount(drawn)
    return sizes[sizes > 0], persons, float((classes == 1).sum() / persons)


def slide(alpha: float, beta: float, number: int) -> np.ndarray:  # type: ignore[type-arg]
    return 1 + np.random.default_rng(5).negative_binomial(alpha, beta, number)


@pytest.mark.parametrize(("alpha", "beta"), [(0.5, 0.05), (2.0, 0.3), (5.0, 0.5)])
@pytest.mark.parametrize("fraction", [0.5, 0.8])
def test_snb_finds_its_own_model_again(alpha: float, beta: float, fraction: float) -> None:
    sizes, persons, truth = sampled(slide(alpha, beta, 40_000), fraction, 1)
    values, classes = np.unique(sizes, return_counts=True)
    found = fit_slide_negative_binomial(values.astype(float), classes.astype(float), fraction)
    assert found.alpha == pytest.approx(alpha, rel=0.15)
    assert found.beta == pytest.approx(beta, rel=0.15)
    assert classes_in_population(values.astype(float), classes.astype(float), fraction) == pytest.approx(
        40_000, rel=0.02
    )
    assert snb(sizes, persons) == pytest.approx(truth, rel=0.06)


def restaurant(theta: float, alpha: float, persons: int) -> np.ndarray:  # type: ignore[type-arg]
    """Class sizes under the Ewens-Pitman model, seated one by one."""
    rng, sizes = np.random.default_rng(3), [1]
    for seated in range(1, persons):
        if rng.random() < (theta + alpha * len(sizes)) / (theta + seated):
            sizes.append(1)
        else:
            weights = np.array(sizes) - alpha
            sizes[int(np.searchsorted(np.cumsum(weights), rng.random() * weights.sum()))] += 1
    return np.array(sizes)


@pytest.mark.parametrize(("theta", "alpha"), [(50.0, 0.4), (10.0, 0.7)])
def test_pitman_finds_its_own_model_again(theta: float, alpha: float) -> None:
    sizes = restaurant(theta, alpha, 6_000)
    values, classes = np.unique(sizes, return_counts=True)
    found = fit_ewens_pitman(values.astype(float), classes.astype(float))
    assert found.alpha == pytest.approx(alpha, abs=0.06)
    assert EwensPitman(theta, alpha).alone(6_000) == pytest.approx((sizes == 1).sum(), rel=0.1)
    first, persons, truth = sampled(sizes, 0.1, 4)
    assert pitman(first, persons) == pytest.approx(truth, rel=0.35)


def test_the_parameters_have_the_greatest_likelihood() -> None:
    sizes = restaurant(20.0, 0.5, 800)

    def likelihood(theta: float, alpha: float) -> float:
        started = sum(math.log(theta + i * alpha) for i in range(1, len(sizes)))
        joined = sum(math.log(j - alpha) for size in sizes for j in range(1, size))
        return started + joined - sum(math.log(theta + i) for i in range(1, int(sizes.sum())))

    values, classes = np.unique(sizes, return_counts=True)
    best = fit_ewens_pitman(values.astype(float), classes.astype(float))
    for theta, alpha in ((1.01, 1), (0.99, 1), (1, 1.01), (1, 0.99), (1.02, 0.99)):
        assert likelihood(best.theta, best.alpha) > likelihood(best.theta * theta, best.alpha * alpha)


def test_zayatz_by_hand() -> None:
    """10 of 20 persons: two alone, four pairs; a pair shows one person with chance 2 * 1/2 * 10/19."""
    alone = 2 * 0.5
    expected = 2 * alone / (alone + 4 * 2 * 0.5 * 10 / 19) / 10
    assert zayatz(np.array([1, 1, 2, 2, 2, 2]), 20) == pytest.approx(expected)


def test_dankar_takes_pitman_of_small_samples_and_the_lower_of_large_ones() -> None:
    sizes = restaurant(30.0, 0.6, 2_000)
    assert dankar(sizes, 20_000) == pitman(sizes, 20_000)
    assert dankar(sizes, 19_999) == min(snb(sizes, 19_999), zayatz(sizes, 19_999))


def test_a_sample_of_everybody_shows_the_truth() -> None:
    sizes = np.array([1, 1, 1, 2, 5, 10])
    for estimate in (dankar, zayatz, snb):
        assert estimate(sizes, 20) == pytest.approx(3 / 20)


@pytest.mark.parametrize("estimate", ALL)
def test_nobody_alone_is_nobody_alone(estimate: object) -> None:
    assert estimate(np.array([2, 3, 9]), 1_000) == 0.0  # type: ignore[operator]


@pytest.mark.parametrize("estimate", ALL)
def test_a_share_it_is(estimate: object) -> None:
    for population in (2_000, 3_000, 30_000, 10**9):
        assert 0 <= estimate(restaurant(30.0, 0.6, 2_000), population) <= 1  # type: ignore[operator]


def test_where_a_model_does_not_fit_it_is_said_and_dankar_takes_zayatz() -> None:
    with pytest.raises(NotApplicable, match="Pitman"):
        pitman(np.ones(30, dtype=np.int64), 10_000)
    assert dankar(np.ones(30, dtype=np.int64), 10_000) == pytest.approx(1.0)
    with pytest.raises(NotApplicable, match="slide"):
        snb(np.array([1, 5, 9]), 30)


@pytest.mark.parametrize(("sizes", "population"), [([3, 3], 5), ([], 10), ([0, 2], 10)])
def test_what_makes_no_sense_is_refused(sizes: list[int], population: int) -> None:
    for estimate in ALL:
        with pytest.raises(InvalidRequest):
            estimate(np.array(sizes, dtype=np.int64), population)
