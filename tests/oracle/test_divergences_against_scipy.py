"""Distances and associations beside scipy and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import euclidean
from scipy.stats import ks_2samp, pearsonr, spearmanr, wasserstein_distance
from scipy.stats.contingency import association
from sklearn.metrics import normalized_mutual_info_score

from cohortium.numerics.associations import (
    association_matrix,
    correlation_ratio,
    cramers_v,
    mutual_information,
    pair_correlations,
    pearson_matrix,
)
from cohortium.numerics.divergences import code_distance, hellinger, kolmogorov_smirnov, wasserstein


def test_distances_of_numbers(rng: np.random.Generator) -> None:
    for digits in (0, 6):
        a, b = rng.normal(size=300).round(digits), rng.normal(0.3, 1.2, size=170).round(digits)
        assert kolmogorov_smirnov(a, b) == pytest.approx(ks_2samp(a, b).statistic, abs=1e-12)
        assert wasserstein(a, b) == pytest.approx(wasserstein_distance(a, b), abs=1e-12)


def test_distances_of_shares(rng: np.random.Generator) -> None:
    p, q = rng.dirichlet(np.ones(6)), rng.dirichlet(np.ones(6))
    assert hellinger(p, q) == pytest.approx(euclidean(np.sqrt(p), np.sqrt(q)) / np.sqrt(2), abs=1e-12)


def test_the_distance_of_codes_does_not_depend_on_how_they_are_counted(rng: np.random.Generator) -> None:
    a, b = rng.integers(0, 50, 400), rng.integers(0, 60, 300)
    assert code_distance(a, b, 60) == pytest.approx(code_distance(a * 10**9, b * 10**9, 60 * 10**9), abs=1e-12)


def test_correlations_over_the_rows_where_both_are_known(rng: np.random.Generator) -> None:
    X = rng.normal(size=(200, 4)) * [1, 1e6, 1e-6, 1] + [0, 1e9, 0, 5]
    X[:, 1] += 2e6 * X[:, 0]
    X[rng.random(X.shape) < 0.2] = np.nan
    matrix = pearson_matrix(X)
    for i in range(4):
        for j in range(4):
            known = ~np.isnan(X[:, [i, j]]).any(axis=1)
            assert matrix[i, j] == pytest.approx(pearsonr(X[known, i], X[known, j]).statistic, abs=1e-9)


def test_chosen_pairs_are_those_of_the_whole_matrix(rng: np.random.Generator) -> None:
    X = rng.normal(size=(50, 400))
    X[rng.random(X.shape) < 0.1] = np.nan
    pairs = np.array([[0, 399], [3, 4], [250, 17]])
    np.testing.assert_allclose(pair_correlations(X, pairs), pearson_matrix(X)[pairs[:, 0], pairs[:, 1]])
    assert len(pair_correlations(X, pairs[:0])) == 0


def test_constant_and_unknown_columns_have_no_correlation() -> None:
    X = np.column_stack([np.arange(9.0), np.full(9, 7.0), np.full(9, np.nan)])
    assert np.isnan(pearson_matrix(X)[:, 1:]).all()
    assert np.isnan(pearson_matrix(X)[0, 1:]).all()


def test_association_of_mixed_columns(rng: np.random.Generator) -> None:
    n = 4_000
    group, number = rng.integers(0, 4, n), rng.normal(size=n)
    shifted, other = number + group, (group + rng.integers(0, 2, n)) % 4
    X = np.column_stack([group, number, shifted, other]).astype(float)
    matrix = association_matrix(X, np.array([True, False, False, True]))
    np.testing.assert_array_equal(matrix, matrix.T)
    assert matrix[1, 2] == pytest.approx(spearmanr(number, shifted).statistic, abs=1e-12)
    assert matrix[0, 1] < 0.05, "unrelated"
    # Between-group variance of 0..3 is 1.25, on top of the numbers' own variance of 1.
    assert correlation_ratio(group, shifted) == pytest.approx(np.sqrt(1.25 / 2.25), abs=0.02)


def test_cramers_v(rng: np.random.Generator) -> None:
    a = rng.integers(0, 5, 2_000)
    b = np.where(rng.random(2_000) < 0.4, a % 3, rng.integers(0, 3, 2_000))
    table = np.zeros((5, 3))
    np.add.at(table, (a, b), 1)
    assert cramers_v(a, b, corrected=False) == pytest.approx(association(table.astype(int), "cramer"), abs=1e-12)
    assert cramers_v(a, rng.permutation(b)) < cramers_v(a, rng.permutation(b), corrected=False)
    assert cramers_v(a, a) == pytest.approx(1.0)


def test_mutual_information(rng: np.random.Generator) -> None:
    a = rng.integers(0, 5, 900)
    b = np.where(rng.random(900) < 0.5, a, rng.integers(0, 7, 900))
    theirs = normalized_mutual_info_score(a, b, average_method="geometric")
    assert mutual_information(a, b) == pytest.approx(theirs, abs=1e-9)
    assert mutual_information(a, np.zeros(900, np.int64)) == 0.0
