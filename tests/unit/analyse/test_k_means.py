"""Clusters that lie apart, more clusters than rows, and settings that do not fit."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from cohortium.analyse import KMeans, pooled
from cohortium.errors import InvalidRequest, NotApplicable, TooFewRecords
from cohortium.records import Column, Kind, Schema, Table


def table(*columns: np.ndarray) -> Table:
    arrays = {f"x{place}": pa.array(values, from_pandas=True) for place, values in enumerate(columns)}
    return Table(pa.table(arrays), Schema(tuple(Column(name, Kind.CONTINUOUS) for name in arrays)))


def test_clusters_that_lie_apart_are_found_whatever_the_order_of_rows() -> None:
    rng = np.random.default_rng(0)
    centres = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0], [10.0, 10.0]])
    values = centres[np.repeat(np.arange(4), [40, 30, 20, 10])] + rng.normal(0, 0.5, (100, 2))
    first, second = (
        pooled(KMeans(("x0", "x1"), 4), table(*values[order].T)) for order in (np.arange(100), rng.permutation(100))
    )
    assert sorted(first.tables["clusters"]["n"]) == [10, 20, 30, 40]
    assert first.tables["clusters"]["n"] == second.tables["clusters"]["n"]
    np.testing.assert_allclose(first.arrays["centres"], second.arrays["centres"], atol=1e-9)
    gaps = np.abs(first.arrays["centres"][:, None] - centres).max(axis=2).min(axis=1)
    assert gaps.max() < 0.6
    assert first.facts["explained"] > 0.95


def test_one_cluster_is_the_mean() -> None:
    x = np.random.default_rng(0).normal(size=30)
    answer = pooled(KMeans(("x0",), 1), table(x))
    assert answer.arrays["centres"][0, 0] == pytest.approx(x.mean())
    assert answer.facts["within"] == pytest.approx(30.0)
    assert answer.facts["explained"] == pytest.approx(0.0, abs=1e-12)


def test_more_clusters_than_different_rows() -> None:
    with pytest.raises(TooFewRecords, match="fewer different rows than clusters"):
        pooled(KMeans(("x0",), 3), table(np.repeat([1.0, 5.0], 20)))


def test_a_column_that_does_not_vary_is_named() -> None:
    with pytest.raises(NotApplicable, match="x1 does not vary"):
        pooled(KMeans(("x0", "x1"), 2), table(np.arange(5.0), np.ones(5)))


def test_no_complete_row() -> None:
    with pytest.raises(TooFewRecords, match="No row has a value in every column"):
        pooled(KMeans(("x0", "x1"), 2), table(np.array([1.0, np.nan]), np.array([np.nan, 2.0])))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (KMeans((), 2), "one or more different columns"),
        (KMeans(("x0", "x0"), 2), "one or more different columns"),
        (KMeans(("x0",), 0), "1 or more, not 0"),
    ],
)
def test_settings_that_do_not_fit(settings: KMeans, message: str) -> None:
    with pytest.raises(InvalidRequest, match=message):
        pooled(settings, table(np.arange(5.0)))
