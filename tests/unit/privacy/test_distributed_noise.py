"""Noise inside secure sums: what it costs, that there is enough of it, and that the answer can be used."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import reduce

import numpy as np
import pytest

from cohortium.errors import InvalidRequest, NotApplicable
from cohortium.privacy.distributed_accounting import correction, rho_of_sum, sensitivity_in_units, share_variance
from cohortium.privacy.distributed_noise import NoisePlan, plan_noise
from cohortium.privacy.secure_noise import InsecureNoise, SecureNoise
from cohortium.records import PERSONS, Sums

EMPTY = Sums({PERSONS: 0, "levels": np.zeros(4, dtype=np.int64), "sum": np.zeros(3)})
SENSITIVITY = {PERSONS: 1.0, "levels": 1.0, "sum": 40.0}
RHO = Fraction(1, 20)


def plan(sites: int = 5, **options: int) -> NoisePlan:
    return plan_noise(EMPTY.layout, SENSITIVITY, RHO, sites=sites, **options)


def renyi(variance: float, sites: int, shift: int, order: float) -> float:
    """Divergence between the sum of discrete Gaussians and the same, shifted; from the distributions themselves."""
    far = int(8 * math.sqrt(variance)) + 12
    single = np.exp(-(np.arange(-far, far + 1) ** 2) / (2 * variance))
    total = reduce(np.convolve, [single / single.sum()] * sites)
    shifted = np.concatenate([np.zeros(shift), total[:-shift]])
    both = (total > 1e-280) & (shifted > 1e-280)
    terms = order * np.log(total[both]) + (1 - order) * np.log(shifted[both])
    return float((terms.max() + np.log(np.exp(terms - terms.max()).sum())) / (order - 1))


@pytest.mark.parametrize("variance", [Fraction(1, 4), Fraction(1, 2), Fraction(1), Fraction(4)])
@pytest.mark.parametrize("sites", [2, 5])
@pytest.mark.parametrize("order", [1.5, 2.0, 8.0])
def test_the_cost_bounds_the_true_divergence(variance: Fraction, sites: int, order: float) -> None:
    claimed = float(rho_of_sum(1.0, variance, sites, 1)) * order
    assert renyi(float(variance), sites, 1, order) <= claimed


def test_the_bound_is_close_where_the_noise_is_wide() -> None:
    claimed = float(rho_of_sum(1.0, Fraction(4), 5, 1)) * 2.0
    assert renyi(4.0, 5, 1, 2.0) == pytest.approx(claimed, rel=1e-4)
    assert renyi(4.0, 4, 1, 2.0) > claimed  # one site less would break the promise


@pytest.mark.parametrize("sites", [1, 2, 7])
def test_one_site_of_wide_noise_needs_no_correction(sites: int) -> None:
    assert correction(Fraction(100), sites) < 1e-290
    assert correction(Fraction(1), sites) == pytest.approx(
        10 * sum(math.exp(-2 * math.pi**2 * k / (k + 1)) for k in range(1, sites)), rel=1e-6
    )


@pytest.mark.parametrize("rho", [Fraction(1, 1000), Fraction(1, 3), Fraction(50)])
@pytest.mark.parametrize("sensitivity", [1.0, 1024.7])
@pytest.mark.parametrize(("sites", "dimension"), [(1, 1), (3, 40), (30, 10_000)])
def test_a_share_is_enough_and_not_much_more(rho: Fraction, sensitivity: float, sites: int, dimension: int) -> None:
    variance = share_variance(rho, sensitivity, sites, dimension)
    assert rho_of_sum(sensitivity, variance, sites, dimension) <= rho
    if variance > 3:
        assert rho_of_sum(sensitivity, variance * Fraction(99, 100), sites, dimension) > rho


def test_limits_of_the_accounting_are_named() -> None:
    with pytest.raises(InvalidRequest, match=r"variance of at least 0\.25"):
        rho_of_sum(1.0, Fraction(1, 5), 2, 1)
    with pytest.raises(InvalidRequest, match="too small"):
        share_variance(Fraction(1, 10**12), 1.0, 2, 1)


def test_the_plan_costs_what_was_allowed() -> None:
    made = plan()
    assert RHO * Fraction(99, 100) < made.rho <= RHO
    assert sum(one.rho for one in made.arrays.values()) == made.rho
    assert made.arrays["sum"].step == 2.0**-5
    assert made.arrays["levels"].step == 1.0


@pytest.mark.parametrize(("dropouts", "colluding"), [(0, 0), (2, 0), (1, 2)])
def test_those_who_remain_have_noise_enough(dropouts: int, colluding: int, rng: np.random.Generator) -> None:
    remaining, noise = 5 - dropouts - colluding, InsecureNoise(rng)
    wide = Sums({PERSONS: 0, "sum": np.zeros(4_000)})
    limits = {PERSONS: 1.0, "sum": 40.0}
    promised = plan_noise(wide.layout, limits, RHO, sites=5).deviation("sum")
    made = plan_noise(wide.layout, limits, RHO, sites=5, dropouts=dropouts, colluding=colluding)
    assert made.deviation("sum", remaining) == pytest.approx(promised, rel=2e-3)
    total = made.total(reduce(Sums.__add__, [made.words(wide, noise) for _ in range(remaining)]), wide.layout)
    assert float(total["sum"].std()) == pytest.approx(promised, rel=0.05)


def test_the_total_is_the_sum_but_for_the_noise(rng: np.random.Generator) -> None:
    made, noise = plan(3), InsecureNoise(rng)
    parts = [
        Sums({PERSONS: n, "levels": np.array([n, 0, 0, 5]), "sum": np.array([n / 3, -n / 7, 1e4])})
        for n in (400, 90, 10)
    ]
    words = [made.words(one, noise) for one in parts]
    assert {array.dtype for one in words for array in one.values()} == {np.dtype(np.int64)}
    modular = {name: sum(one[name].astype(np.uint64) for one in words) for name in words[0]}
    total, exact = made.total(modular, parts[0].layout), reduce(Sums.__add__, parts)
    assert total.layout == exact.layout
    for name in exact:
        assert np.abs(total[name] - exact[name]).max() < 6 * made.deviation(name)
    assert abs(total["sum"] - exact["sum"]).max() > 0


def test_rounding_changes_less_than_is_accounted_for() -> None:
    """With and without a person, in whatever order the others are added: within the sensitivity in units."""
    rng, step = np.random.default_rng(5), plan().arrays["sum"].step
    allowed = sensitivity_in_units(40.0, step, 1)
    for _ in range(200):
        values = rng.uniform(-40, 40, 500)
        one = np.rint(sum(values) / step)
        other = np.rint(sum(rng.permutation(values[1:])) / step)
        assert abs(one - other) <= allowed


def test_what_no_person_changes_has_no_noise(rng: np.random.Generator) -> None:
    made = plan_noise(EMPTY.layout, {**SENSITIVITY, "sum": 0.0}, RHO, sites=2)
    words = made.words(EMPTY, InsecureNoise(rng))
    assert not words["sum"].any()
    assert made.arrays["sum"].rho == 0
    assert made.rho > RHO * Fraction(99, 100)


def test_what_is_not_bounded_does_not_leave() -> None:
    with pytest.raises(NotApplicable, match="'levels'"):
        plan_noise(EMPTY.layout, {PERSONS: 1.0, "sum": 1.0}, RHO, sites=2)
    with pytest.raises(NotApplicable, match="'more'"):
        plan(2).words(Sums({**EMPTY, "more": np.zeros(2)}), SecureNoise())
    with pytest.raises(InvalidRequest, match="persons a site"):
        plan(2, persons=50).words(Sums({**EMPTY, PERSONS: 51}), SecureNoise())
    with pytest.raises(InvalidRequest, match="at least one must be left"):
        plan(3, dropouts=2, colluding=1)


def test_an_array_of_more_weight_has_less_noise_and_the_cost_stays() -> None:
    even, uneven = (
        plan_noise(EMPTY.layout, SENSITIVITY, RHO, weights=weights, sites=5)
        for weights in ({}, {PERSONS: 0.1, "sum": 4.0})
    )
    assert float(uneven.rho) == pytest.approx(float(RHO), rel=0.01) and uneven.rho <= RHO
    assert float(uneven.arrays["sum"].rho / uneven.rho) == pytest.approx(4.0 / 5.1, rel=0.01)
    assert uneven.deviation("sum") < even.deviation("sum")
    assert uneven.deviation(PERSONS) > even.deviation(PERSONS)
    with pytest.raises(InvalidRequest, match="weight above 0"):
        plan_noise(EMPTY.layout, SENSITIVITY, RHO, weights={"sum": 0.0}, sites=5)


@pytest.mark.parametrize("bound", [math.nan, math.inf, -1.0])
def test_a_bound_that_is_no_number_lets_nothing_leave(bound: float) -> None:
    """A state that makes a bound NaN would otherwise pass for one that needs no noise."""
    with pytest.raises(NotApplicable, match="not a finite number"):
        plan_noise(EMPTY.layout, {**SENSITIVITY, "sum": bound}, RHO, sites=5)
