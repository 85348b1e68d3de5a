"""Components and clusters of real measurements, over three sites, beside scikit-learn on the pooled table."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn import cluster, decomposition
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from tests.oracle.three_sites import answer, table_of

from cohortium.analyse import PCA, KMeans


def columns(values: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(values, columns=[f"x{place}" for place in range(values.shape[1])])


TABLES = {
    "iris": columns(load_iris().data),
    "diabetes": columns(load_diabetes(scaled=False).data),
    "breast cancer": columns(load_breast_cancer().data),
}


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("is_scaled", [True, False])
def test_components(name: str, is_scaled: bool) -> None:
    frame = TABLES[name]
    values = frame.to_numpy()
    if is_scaled:
        values = (values - values.mean(axis=0)) / values.std(axis=0, ddof=1)
    theirs = decomposition.PCA(4, svd_solver="full").fit(values)
    mine = answer(PCA(tuple(frame.columns), components=4, is_scaled=is_scaled), table_of(frame))
    np.testing.assert_allclose(mine.tables["components"]["variance"][:4], theirs.explained_variance_, rtol=1e-9)
    np.testing.assert_allclose(mine.tables["components"]["share"][:4], theirs.explained_variance_ratio_, rtol=1e-9)
    loadings, expected = mine.arrays["loadings"].T[:4], theirs.components_
    np.testing.assert_allclose(loadings * np.sign((loadings * expected).sum(axis=1))[:, None], expected, atol=1e-9)


@pytest.mark.parametrize(("name", "k"), [("iris", 3), ("diabetes", 4), ("breast cancer", 2)])
def test_clusters(name: str, k: int) -> None:
    """As good as the best of thirty random starts within 1 %, and a place where Lloyd's steps end."""
    frame = TABLES[name]
    values, mean, spread = frame.to_numpy(), frame.to_numpy().mean(axis=0), frame.to_numpy().std(axis=0)
    mine = answer(KMeans(tuple(frame.columns), k), table_of(frame))
    scaled, centres = (values - mean) / spread, (mine.arrays["centres"] - mean) / spread
    again = cluster.KMeans(k, init=centres, n_init=1, tol=0.0).fit(scaled)
    np.testing.assert_allclose(again.cluster_centers_, centres, atol=1e-8)
    best = cluster.KMeans(k, n_init=30, random_state=0).fit(scaled)
    assert mine.facts["within"] <= best.inertia_ * 1.01
    np.testing.assert_allclose(mine.facts["within"], again.inertia_, rtol=1e-9)
    assert sorted(mine.tables["clusters"]["n"]) == sorted(np.bincount(again.labels_).tolist())
