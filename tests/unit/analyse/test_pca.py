"""Components: a known direction, columns that do not vary, and settings that do not fit."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from cohortium.analyse import PCA, pooled
from cohortium.errors import InvalidRequest, NotApplicable, TooFewRecords
from cohortium.records import Column, Kind, Schema, Table


def table(*columns: np.ndarray) -> Table:
    arrays = {f"x{place}": pa.array(values, from_pandas=True) for place, values in enumerate(columns)}
    return Table(pa.table(arrays), Schema(tuple(Column(name, Kind.CONTINUOUS) for name in arrays)))


def test_two_columns_that_are_one() -> None:
    x = np.arange(20.0)
    answer = pooled(PCA(("x0", "x1")), table(x, 5 - 3 * x))
    assert answer.tables["components"]["share"] == pytest.approx([1.0, 0.0], abs=1e-12)
    assert answer.tables["loadings"]["PC1"] == pytest.approx([np.sqrt(0.5), -np.sqrt(0.5)])


def test_scores_at_a_site_have_the_variances_that_are_told() -> None:
    values = np.random.default_rng(0).multivariate_normal([1, 2, 3], [[2, 1, 0], [1, 3, 1], [0, 1, 1]], 200)
    answer = pooled(PCA(("x0", "x1", "x2"), components=2), table(*values.T))
    scores = (values - answer.arrays["centre"]) / answer.arrays["scale"] @ answer.arrays["loadings"]
    assert scores.var(axis=0, ddof=1) == pytest.approx(answer.tables["components"]["variance"])
    assert np.corrcoef(scores.T)[0, 1] == pytest.approx(0.0, abs=1e-10)


def test_rows_with_a_missing_value_are_left_out() -> None:
    answer = pooled(PCA(("x0", "x1")), table(np.array([1.0, 2, 3, np.nan]), np.array([2.0, 1, 5, 7])))
    assert answer.facts["n"] == answer.persons == 3


def test_a_column_that_does_not_vary_is_named() -> None:
    flat = table(np.arange(5.0), np.full(5, 1e6))
    with pytest.raises(NotApplicable, match="x1 does not vary"):
        pooled(PCA(("x0", "x1")), flat)
    assert pooled(PCA(("x0", "x1"), is_scaled=False), flat).tables["components"]["share"][0] == pytest.approx(1.0)


def test_one_row_is_too_few() -> None:
    with pytest.raises(TooFewRecords, match="two or more rows"):
        pooled(PCA(("x0", "x1")), table(np.ones(1), np.ones(1)))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (PCA(("x0",)), "two or more different columns"),
        (PCA(("x0", "x0")), "two or more different columns"),
        (PCA(("x0", "x1"), components=3), "from 1 to 2 components"),
        (PCA(("x0", "x1"), components=0), "from 1 to 2 components"),
    ],
)
def test_settings_that_do_not_fit(settings: PCA, message: str) -> None:
    with pytest.raises(InvalidRequest, match=message):
        pooled(settings, table(np.arange(5.0), np.arange(5.0) ** 2))
