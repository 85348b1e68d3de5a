from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom

from cohortium.errors import NotApplicable
from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.privacy import audited_epsilon, claimed_epsilon
from cohortium.evaluate.privacy.epsilon import guessed
from cohortium.evaluate.privacy.one_run import lower_bound, p_value
from cohortium.evaluate.privacy.roc import Scores
from cohortium.records import Guarantee


def paper(correct: int, guesses: int, flips: int, epsilon: float, delta: float) -> float:
    """The bound of Steinke et al. 2023, written down term by term with scipy's distribution."""
    right = 1 / (1 + np.exp(-epsilon))
    beta = binom.sf(correct - 1, guesses, right)
    sums = np.cumsum([binom.pmf(correct - i, guesses, right) for i in range(1, correct + 1)])
    alpha = max([0.0, *(sums / np.arange(1, correct + 1))])
    return float(min(1.0, beta + 2 * flips * delta * alpha))


@pytest.mark.parametrize("delta", [0.0, 1e-5, 1e-3])
@pytest.mark.parametrize(("correct", "guesses", "flips"), [(60, 60, 100), (70, 100, 200), (51, 100, 100)])
def test_the_chance_is_the_papers(correct: int, guesses: int, flips: int, delta: float) -> None:
    for epsilon in (0.0, 0.5, 2.0):
        assert p_value(correct, guesses, flips, epsilon, delta) == pytest.approx(
            paper(correct, guesses, flips, epsilon, delta), abs=1e-9
        )


def test_the_bound_is_the_epsilon_at_which_the_chance_is_five_percent() -> None:
    bound = lower_bound(600, 600, 1_000, 1e-5)
    assert paper(600, 600, 1_000, bound, 1e-5) == pytest.approx(0.05, abs=1e-6)
    assert lower_bound(55, 100, 100, 0.0) == 0.0


def test_a_bound_is_too_high_no_more_often_than_it_says() -> None:
    """Randomised response at epsilon 1 answers rightly with chance e / (1 + e)."""
    rng = np.random.default_rng(0)
    answers = rng.binomial(200, np.e / (1 + np.e), 500)
    assert np.mean([lower_bound(int(right), 200, 200, 0.0) > 1.0 for right in answers]) <= 0.07


def test_guesses_are_the_surest_and_ties_are_broken_by_lot(rng: np.random.Generator) -> None:
    scores = Scores(np.array([3.0, 2.0, 0.0]), np.array([1.0, -1.0, -2.0]))
    assert guessed(scores, 2 / 6, False, rng) == (2, 2)
    assert guessed(scores, 4 / 6, True, rng) == (4, 4)
    right = [guessed(Scores(np.zeros(50), np.zeros(50)), 0.2, False, rng)[0] for _ in range(200)]
    assert np.mean(right) == pytest.approx(10, abs=0.7)


def test_without_a_formal_claim_there_is_nothing_to_show(pair: Callable[..., Comparison]) -> None:
    informal = replace(pair(100), guarantee=Guarantee())
    for metric in (claimed_epsilon, audited_epsilon):
        with pytest.raises(NotApplicable, match="no formal promise"):
            metric(informal, rng=np.random.default_rng(0))


def test_a_claim_is_shown_and_a_copy_disproves_it(pair: Callable[..., Comparison]) -> None:
    rng = np.random.default_rng(0)
    assert claimed_epsilon(pair(100), rng=rng).value == 1.0
    assert audited_epsilon(pair(900, copy=True), rng=rng).value > 1.5
    assert audited_epsilon(pair(900), rng=rng).value < 0.2
