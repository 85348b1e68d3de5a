"""Our boosted trees beside LightGBM with the same settings, on held-out halves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import lightgbm
import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.metrics import log_loss, r2_score, roc_auc_score

from cohortium.numerics.boosting import Booster, fit

Data = tuple[np.ndarray, np.ndarray, np.ndarray]


def adult_like() -> Data:
    """Ages, heaped hours, a zero-inflated gain, occupations of unequal size, and an income that they decide."""
    rng = np.random.default_rng(11)
    n = 8_000
    age = np.clip(rng.gamma(9, 4.4, n).round(), 17, 90)
    hours = np.where(rng.random(n) < 0.5, 40, np.clip(rng.normal(40, 12, n).round(), 1, 99))
    gain = np.where(rng.random(n) < 0.92, 0, np.exp(rng.normal(8.5, 1, n)).round())
    job = rng.choice(14, n, p=rng.dirichlet(np.full(14, 2.0))).astype(float)
    country = np.where(rng.random(n) < 0.9, 38, rng.integers(0, 41, n)).astype(float)
    married = (rng.random(n) < 1 / (1 + np.exp(-(age - 32) / 6))).astype(float)
    score = -3 + 1.8 * married + rng.normal(0, 1, 14)[job.astype(int)] + 0.03 * (hours - 40) + 2 * (gain > 5_000)
    score += -0.002 * (age - 48) ** 2 + 1.0
    X = np.column_stack([age, hours, gain, job, country, married, rng.normal(size=n)])
    X[rng.random(n) < 0.06, 3] = np.nan
    return X, rng.random(n) < 1 / (1 + np.exp(-score)), np.array([0, 0, 0, 1, 1, 1, 0], bool)


def breast_cancer() -> Data:
    data = load_breast_cancer()
    return data.data, data.target, np.zeros(30, bool)


def missing_and_levels() -> Data:
    """Sixty levels with an effect each, an interaction, a tenth missing; one column missing because of the outcome."""
    rng = np.random.default_rng(3)
    n = 8_000
    X = np.column_stack([
        rng.normal(size=n), rng.exponential(size=n), rng.integers(0, 60, n), rng.integers(0, 5, n), rng.normal(size=n),
    ])  # fmt: skip
    score = 1.2 * X[:, 0] + np.sin(3 * X[:, 1]) + rng.normal(size=60)[X[:, 2].astype(int)] + (X[:, 3] == 2) * X[:, 0]
    y = rng.random(n) < 1 / (1 + np.exp(-score))
    X[rng.random(X.shape) < 0.1] = np.nan
    X[(rng.random(n) < 0.3) & y, 4] = np.nan
    return X, y, np.array([0, 0, 1, 1, 0], bool)


def ours(X: np.ndarray, y: np.ndarray, nominal: np.ndarray, task: Any) -> Booster:
    return fit(X, y, nominal=nominal, task=task, rng=np.random.default_rng(0))


def theirs(X: np.ndarray, y: np.ndarray, nominal: np.ndarray, objective: str, **more: Any) -> lightgbm.Booster:
    settings = {
        "objective": objective,
        "num_leaves": 31,
        "learning_rate": 0.1,
        "verbosity": -1,
        "num_threads": 1,
    } | more
    data = lightgbm.Dataset(
        levels(X, nominal), y.astype(float), categorical_feature=np.flatnonzero(nominal).tolist(), free_raw_data=True
    )
    return lightgbm.train(settings, data, 100)


def levels(X: np.ndarray, nominal: np.ndarray) -> np.ndarray:
    """ "Missing" as a level of its own, for LightGBM drops missing levels."""
    X = X.copy()
    X[:, nominal] = np.nan_to_num(X[:, nominal], nan=-1) + 1
    return X


@pytest.mark.parametrize("load", [adult_like, breast_cancer, missing_and_levels])
def test_as_good_a_classifier(load: Callable[[], Data]) -> None:
    X, y, nominal = load()
    gaps = []
    for seed in range(4):
        order = np.random.default_rng(seed).permutation(len(y))
        train, test = order[::2], order[1::2]
        mine = ours(X[train], y[train], nominal, "binary").predict(X[test])
        other = theirs(X[train], y[train], nominal, "binary").predict(levels(X[test], nominal))
        gaps.append(roc_auc_score(y[test], mine) - roc_auc_score(y[test], other))
    assert np.mean(gaps) > -0.005
    assert np.abs(np.mean(gaps)) < 0.005


def test_as_good_with_several_classes() -> None:
    rng = np.random.default_rng(5)
    X = rng.normal(size=(6_000, 5))
    X[:, 4] = rng.integers(0, 12, 6_000)
    scores = np.column_stack(
        [X[:, 0] * 2, X[:, 1] - X[:, 0], np.cos(X[:, 2] * 2) + rng.normal(size=12)[X[:, 4].astype(int)]]
    )
    y = (scores + rng.gumbel(size=scores.shape)).argmax(axis=1)
    nominal = np.array([0, 0, 0, 0, 1], bool)
    mine = ours(X[:3_000], y[:3_000], nominal, "multiclass").predict(X[3_000:])
    other = theirs(X[:3_000], y[:3_000], nominal, "multiclass", num_class=3).predict(levels(X[3_000:], nominal))
    assert mine.shape == (3_000, 3)
    np.testing.assert_allclose(mine.sum(axis=1), 1.0)
    assert log_loss(y[3_000:], mine) < log_loss(y[3_000:], other) + 0.01


def test_as_good_a_regression() -> None:
    X, y = load_diabetes(return_X_y=True)
    nominal = np.zeros(X.shape[1], bool)
    gaps = []
    for seed in range(4):
        order = np.random.default_rng(seed).permutation(len(y))
        train, test = order[::2], order[1::2]
        mine = ours(X[train], y[train], nominal, "regression").predict(X[test])
        gaps.append(
            r2_score(y[test], mine) - r2_score(y[test], theirs(X[train], y[train], nominal, "l2").predict(X[test]))
        )
    assert np.mean(gaps) > -0.02


def test_finds_the_same_columns_important() -> None:
    X, y, nominal = adult_like()
    mine = ours(X, y, nominal, "binary").gain
    other = theirs(X, y, nominal, "binary").feature_importance("gain")
    assert np.corrcoef(mine / mine.sum(), other / other.sum())[0, 1] > 0.98
