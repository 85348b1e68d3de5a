from __future__ import annotations

from math import erf

import numpy as np
import pytest
from scipy.stats import binom, binomtest
from sklearn.metrics import roc_auc_score
from statsmodels.stats.proportion import confint_proportions_2indep

from cohortium.errors import TooFewRecords
from cohortium.numerics.intervals import auc, binomial_tail, clopper_pearson, difference, wilson

COUNTS = [(0, 10), (3, 10), (10, 10), (1, 1), (500, 6_000)]


@pytest.mark.parametrize(("k", "n"), COUNTS)
def test_intervals_of_a_share_are_scipys(k: int, n: int) -> None:
    for ours, method in ((wilson, "wilson"), (clopper_pearson, "exact")):
        found, expected = ours(k, n), binomtest(k, n).proportion_ci(0.95, method)
        assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-9)
        assert found.value == k / n


def test_difference_is_newcombes() -> None:
    found = difference(56, 70, 48, 80)
    expected = confint_proportions_2indep(56, 70, 48, 80, method="newcomb", compare="diff")
    assert (found.low, found.high) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ("k", "n", "p"), [(3_000, 6_000, 0.5), (5, 2_000_000, 1e-6), (0, 5, 0.1), (6, 5, 0.9), (5, 5, 0.9)]
)
def test_binomial_tail_is_scipys(k: int, n: int, p: float) -> None:
    assert binomial_tail(k, n, p) == pytest.approx(binom.sf(k - 1, n, p), rel=1e-6, abs=1e-12)


def test_area_counts_ties_as_half(rng: np.random.Generator) -> None:
    positives, negatives = np.round(rng.normal(0.3, 1, 200)), np.round(rng.normal(0, 1, 150))
    truth = np.repeat([1, 0], [200, 150])
    expected = roc_auc_score(truth, np.concatenate([positives, negatives]))
    assert auc(positives, negatives).value == pytest.approx(expected)


@pytest.mark.parametrize(("n", "shift"), [(15, 0.0), (15, 2.0), (200, 0.5)])
def test_the_area_s_interval_holds_the_truth_as_often_as_it_says(n: int, shift: float) -> None:
    rng = np.random.default_rng(1)
    truth = 0.5 * (1 + erf(shift / 2))
    found = [auc(rng.normal(shift, 1, n), rng.normal(0, 1, n)) for _ in range(400)]
    held = np.mean([one.low <= truth <= one.high for one in found])
    assert held > 0.92
    assert np.mean([one.high - one.low for one in found]) < 1.3 * 4 * np.sqrt(1 / (6 * n))


def test_groups_that_do_not_overlap_still_leave_doubt() -> None:
    found = auc(np.ones(50), np.zeros(50))
    assert found.value == found.high == 1.0 and 0.8 < found.low < 0.99
    assert auc(np.ones(50), np.ones(50)).value == 0.5


def test_stretched_intervals_are_wider(rng: np.random.Generator) -> None:
    a, b = rng.normal(size=100), rng.normal(size=100)
    plain, stretched = auc(a, b), auc(a, b, stretch=2.0)
    assert stretched.high - stretched.low == pytest.approx(2 * (plain.high - plain.low), rel=0.05)


def test_nothing_to_estimate_from_is_said() -> None:
    with pytest.raises(TooFewRecords, match="at least one record"):
        wilson(0, 0)
