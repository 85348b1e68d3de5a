"""AUC, its covariance and rank correlation beside scikit-learn, scipy and resampling."""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata
from scipy.stats import spearmanr as scipy_spearman
from sklearn.metrics import roc_auc_score

from cohortium.numerics.ranks import auc, auc_covariance, average_ranks, spearman


def test_ranks_and_areas(rng: np.random.Generator) -> None:
    for ties in (1, 2, 8):
        truth, score = rng.random(500) < 0.3, rng.normal(size=500).round(3 - ties // 3)
        np.testing.assert_allclose(average_ranks(score), rankdata(score))
        assert abs(auc(truth, score) - roc_auc_score(truth, score)) < 1e-12


def test_spearman(rng: np.random.Generator) -> None:
    a = rng.normal(size=200).round(1)
    b = a + rng.normal(size=200).round(0)
    assert abs(spearman(a, b) - scipy_spearman(a, b).statistic) < 1e-12
    assert spearman(a, np.ones(200)) == 0.0


def test_the_covariance_of_areas_is_that_of_fresh_samples(rng: np.random.Generator) -> None:
    """Two correlated scores of 300 records, drawn anew 600 times."""

    def draw() -> tuple[np.ndarray, np.ndarray]:
        truth = np.arange(300) < 100
        shared = rng.normal(size=300) + truth
        return truth, np.stack([shared + rng.normal(size=300), shared + rng.normal(size=300)])

    areas = np.array([auc_covariance(*draw())[0] for _ in range(600)])
    claimed = np.mean([auc_covariance(*draw())[1] for _ in range(50)], axis=0)
    np.testing.assert_allclose(claimed, np.cov(areas.T), rtol=0.15)
