"""What boosted trees promise beyond accuracy."""

from __future__ import annotations

import numpy as np
import pytest

from cohortium.errors import InvalidRequest, TooFewRecords
from cohortium.numerics.binning import find_bins
from cohortium.numerics.boosting import fit

NUMBERS = np.zeros(1, bool)
LEVELS = np.ones(1, bool)


def learn(X: np.ndarray, y: np.ndarray, nominal: np.ndarray, task: str = "binary", **settings: object):  # type: ignore[no-untyped-def]
    return fit(X, y, nominal=nominal, task=task, rng=np.random.default_rng(0), **settings)  # type: ignore[arg-type]


def test_missing_values_may_be_what_matters(rng: np.random.Generator) -> None:
    X = rng.normal(size=(2_000, 1))
    X[::2] = np.nan
    y = np.isnan(X[:, 0])
    chance = learn(X, y, NUMBERS).predict(np.array([[np.nan], [0.0], [3.0]]))
    assert chance[0] > 0.99
    assert chance[1:].max() < 0.01


def test_values_missing_only_later_follow_the_majority(rng: np.random.Generator) -> None:
    X = rng.random((1_000, 1))
    chance = learn(X, X[:, 0] > 0.8, NUMBERS).predict(np.array([[np.nan]]))
    assert chance[0] < 0.1


def test_levels_have_no_order(rng: np.random.Generator) -> None:
    codes = rng.integers(0, 40, 4_000).astype(float)[:, None]
    odd = codes[:, 0] % 2 == 1
    chance = learn(codes, odd, LEVELS).predict(np.arange(40.0)[:, None])
    assert chance[1::2].min() > 0.9
    assert chance[::2].max() < 0.1


def test_rare_and_unseen_levels_share_a_bin(rng: np.random.Generator) -> None:
    codes = np.concatenate([np.repeat(np.arange(253.0), 5), [900.0, 901.0]])[:, None]
    bins = find_bins(codes, LEVELS, rng)
    shared = bins.apply(np.array([[900.0], [901.0], [77_000.0]]))
    assert len(set(shared.ravel().tolist())) == 1
    assert bins.apply(np.array([[np.nan]]))[0, 0] == 0
    assert len(np.unique(bins.apply(codes))) == 254


def test_frequent_values_get_bins_of_their_own(rng: np.random.Generator) -> None:
    values = np.concatenate([np.full(500, 40.0), rng.normal(40, 10, 4_000)])
    bins = find_bins(values[:, None], NUMBERS, rng)
    found = bins.apply(np.array([[np.nextafter(40, 0)], [40.0], [np.nextafter(40, 99)], [-1e9], [1e9]]))
    assert (found[1] != [found[0], found[2]]).all() or (bins.apply(values[:, None]) == found[1]).sum() < 520
    assert 200 < bins.counts[0] <= 255
    assert found.min() >= 1


def test_every_bin_of_distinct_values_separates(rng: np.random.Generator) -> None:
    values = rng.permutation(np.array([1.0, 1 + 1e-15, 2.0, -3.0]))[:, None]
    assert len(np.unique(find_bins(values, NUMBERS, rng).apply(values))) == 4


def test_no_leaf_is_smaller_than_asked(rng: np.random.Generator) -> None:
    X = rng.normal(size=(300, 3))
    y = rng.normal(size=300)
    booster = learn(X, y, np.zeros(3, bool), "regression", trees=1, learning_rate=1.0, smallest_leaf=37, leaves=31)
    _, sizes = np.unique(booster.predict(X), return_counts=True)
    assert sizes.min() >= 37
    assert len(sizes) > 3


def test_one_full_step_gives_the_leaf_means(rng: np.random.Generator) -> None:
    X = np.repeat([0.0, 1.0], 50)[:, None]
    y = np.where(X[:, 0] > 0, 5.0, -1.0) + rng.normal(size=100)
    booster = learn(X, y, NUMBERS, "regression", trees=1, learning_rate=1.0, l2=0.0)
    np.testing.assert_allclose(booster.predict(np.array([[0.0], [1.0]])), [y[:50].mean(), y[50:].mean()])


def test_training_scores_equal_predictions(rng: np.random.Generator) -> None:
    """What the trees did to the training rows while growing is what they do to the same rows later."""
    X = rng.normal(size=(500, 2)).round(1)
    y = X[:, 0] + rng.normal(size=500)
    short, long = (learn(X, y, np.zeros(2, bool), "regression", trees=trees) for trees in (5, 6))
    residual = y - short.predict(X)
    step = long.predict(X) - short.predict(X)
    assert np.corrcoef(residual, step)[0, 1] > 0
    assert ((y - long.predict(X)) ** 2).mean() < (residual**2).mean()


def test_repeats_exactly_and_needs_no_particular_layout(rng: np.random.Generator) -> None:
    X = rng.normal(size=(800, 4))
    y = (X[:, 0] + rng.normal(size=800) > 0).astype(float)
    first = learn(X, y, np.zeros(4, bool)).predict(X)
    np.testing.assert_array_equal(first, learn(np.asfortranarray(X), y, np.zeros(4, bool)).predict(X[::1]))


def test_nothing_to_learn_from() -> None:
    constant = np.ones((60, 2))
    booster = learn(constant, np.arange(60) % 3 == 0, np.zeros(2, bool))
    np.testing.assert_allclose(booster.predict(constant), 1 / 3)
    assert booster.gain.sum() == 0
    none = learn(np.empty((30, 0)), np.arange(30) % 2, np.zeros(0, bool))
    np.testing.assert_allclose(none.predict(np.empty((3, 0))), 0.5)
    missing = np.full((60, 1), np.nan)
    np.testing.assert_allclose(learn(missing, np.arange(60) % 2, LEVELS).predict(missing), 0.5)
    one_class = learn(np.arange(50.0)[:, None], np.zeros(50), NUMBERS)
    assert one_class.predict(np.array([[3.0]]))[0] < 1e-5


def test_wrong_outcomes_are_refused() -> None:
    X = np.arange(30.0)[:, None]
    with pytest.raises(InvalidRequest, match="0 and 1"):
        learn(X, np.arange(30), NUMBERS)
    with pytest.raises(InvalidRequest, match="0, 1, 2"):
        learn(X, np.arange(30) - 0.5, NUMBERS, "multiclass")
    with pytest.raises(InvalidRequest, match="known outcome"):
        learn(X, np.full(30, np.nan), NUMBERS, "regression")
    with pytest.raises(TooFewRecords, match="at least one row"):
        learn(np.empty((0, 1)), np.empty(0), NUMBERS)
