"""Questions to the curator: charged before they are answered, and answered with the right chances."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from scipy import stats

from cohortium.errors import BudgetExhausted, InvalidRequest
from cohortium.privacy.accounting import Budget
from cohortium.privacy.mechanisms import Curator, threshold_at, variance_at
from cohortium.privacy.secure_noise import InsecureNoise


class NoNoise:
    """A source that must not be asked."""

    def words(self, count: int) -> np.ndarray:
        raise AssertionError(f"{count} words were drawn although the budget does not cover the question")


def curator(rho: float = 1e9, delta: float = 1.0, seed: int = 0) -> Curator:
    return Curator(Budget(Fraction(rho), Fraction(delta)), InsecureNoise(np.random.default_rng(seed)))


@pytest.mark.parametrize("rho", [1e-9, 1e-3, 0.37, 1.0, 40.0, 1e7])
def test_variance_costs_no_more_than_asked_and_hardly_less(rho: float) -> None:
    cost = 1 / (2 * variance_at(Fraction(rho)))
    assert cost <= Fraction(rho)
    assert cost >= Fraction(rho) * Fraction(99, 100) or rho > 1e5


def test_no_answer_without_a_budget() -> None:
    poor = Curator(Budget(Fraction(1, 100)), NoNoise())
    counts = np.arange(4)
    with pytest.raises(BudgetExhausted, match="larger epsilon"):
        poor.histogram("counts", counts, Fraction(1, 10))
    with pytest.raises(BudgetExhausted):
        poor.discover("levels", counts, counts, Fraction(1, 1000), Fraction(1, 1000))
    with pytest.raises(BudgetExhausted):
        poor.choose("choice", [1, 2], Fraction(1, 10))
    assert poor.budget.entries == []
    with pytest.raises(InvalidRequest):
        poor.histogram("counts", counts, Fraction(0))


def test_histogram_adds_noise_of_the_variance_it_names() -> None:
    noisy, variance = curator().histogram("counts", np.full((100, 100), 7), Fraction(1, 800))
    assert noisy.dtype == np.int64
    assert variance == pytest.approx(400, rel=0.01)
    assert noisy.mean() == pytest.approx(7, abs=1.0)
    assert noisy.var() == pytest.approx(variance, rel=0.06)


def test_a_value_of_one_person_hardly_ever_shows() -> None:
    delta, tries = 0.01, 40_000
    shown, _, _, variance = curator().discover(
        "levels", np.ones(tries, dtype=np.int64), np.zeros(0, dtype=np.int64), Fraction(1, 50), Fraction(delta)
    )
    assert len(shown) <= stats.binom.ppf(0.9999, tries, delta)
    assert len(shown) > 0.3 * tries * delta, "the threshold should not be far above what delta asks for"
    assert threshold_at(variance, delta) == pytest.approx(2 + 2.326 * 5, abs=1)


def test_values_of_many_persons_show_with_their_counts() -> None:
    found, known = np.array([1, 5_000, 2, 3_000]), np.array([40, 0])
    places, noisy, shown, _ = curator().discover("levels", found, known, Fraction(1, 200), Fraction(1, 10**9))
    assert places.tolist() == [1, 3]
    assert noisy == pytest.approx([5_000, 3_000], abs=60)
    assert shown == pytest.approx(known, abs=60)


@pytest.mark.parametrize("allowed", [{0, 1, 2, 3}, {0, 2, 3}])
def test_choice_follows_the_exponential_mechanism(allowed: set[int]) -> None:
    asked, scores, rho = curator(), [10, 40, 25, 0], Fraction(1, 400)
    chosen = [asked.choose("choice", scores, rho, lambda place: place in allowed) for _ in range(2_000)]
    epsilon = math.sqrt(8 / 400)
    weights = np.array([math.exp(epsilon * score / 2) * (place in allowed) for place, score in enumerate(scores)])
    counts = np.bincount(chosen, minlength=4)
    assert counts[weights == 0].sum() == 0
    expected = weights[weights > 0] / weights.sum() * len(chosen)
    assert stats.chisquare(counts[weights > 0], expected).pvalue > 1e-4
    assert asked.budget.entries[0].rho <= rho
    assert float(asked.budget.entries[0].rho) == pytest.approx(1 / 400, rel=1e-3)


def test_choice_among_nothing_is_nothing() -> None:
    assert curator().choose("choice", [], Fraction(1)) is None
    assert curator().choose("choice", [1, 2], Fraction(1), lambda _place: False) is None
