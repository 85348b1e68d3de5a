"""Linear regression: known coefficients, terms that say nothing new, far-off units, and settings that do not fit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from tests.conformance.examples.example import patients

from cohortium.analyse import LinearRegression, pooled
from cohortium.errors import InvalidRecords, InvalidRequest, TooFewRecords
from cohortium.records import Column, Kind, Schema, Table

TABLE = patients()


def numbers(**columns: Any) -> Table:
    arrays = {name: pa.array(np.asarray(values, dtype=float), from_pandas=True) for name, values in columns.items()}
    return Table(pa.table(arrays), Schema(tuple(Column(name, Kind.CONTINUOUS) for name in arrays)))


def test_a_line_without_noise_is_found() -> None:
    x = np.arange(10.0)
    answer = pooled(LinearRegression("y", ("x", "square(x)")), numbers(x=x, y=3 - 2 * x + 0.5 * x**2))
    assert answer.tables["coefficients"]["estimate"] == pytest.approx([3.0, -2.0, 0.5])
    assert answer.facts["r_squared"] == pytest.approx(1.0)


def test_large_means_cost_no_digits() -> None:
    """Around a billion, products of the values themselves would keep no digit of their spread."""
    rng = np.random.default_rng(0)
    x, noise = rng.normal(size=200), rng.normal(size=200)
    near = pooled(LinearRegression("y", ("x",)), numbers(x=x, y=2 * x + noise)).tables["coefficients"]
    far = pooled(LinearRegression("y", ("x",)), numbers(x=x + 1e9, y=2 * x + noise)).tables["coefficients"]
    assert far["estimate"][1] == pytest.approx(near["estimate"][1], rel=1e-6)
    assert far["standard_error"][1] == pytest.approx(near["standard_error"][1], rel=1e-6)


def test_a_term_that_says_nothing_new_is_left_out_and_named() -> None:
    x = np.random.default_rng(0).normal(size=50)
    table = numbers(x=x, twice=2 * x, one=np.ones(50), y=x + np.random.default_rng(1).normal(size=50))
    answer = pooled(LinearRegression("y", ("x", "twice", "one")), table)
    assert answer.tables["coefficients"]["estimate"][2:] == [None, None]
    assert "twice, one" in answer.facts["notes"][0]


def test_rows_of_weight_nought_count_for_nothing() -> None:
    x, y = np.arange(12.0), np.random.default_rng(0).normal(size=12)
    weight = np.r_[np.ones(10), 0, 0]
    weighted = pooled(LinearRegression("y", ("x",), weights="w"), numbers(x=x, y=y, w=weight))
    plain = pooled(LinearRegression("y", ("x",)), numbers(x=x[:10], y=y[:10]))
    assert weighted.facts["n"] == 10
    assert weighted.tables["coefficients"]["standard_error"] == pytest.approx(
        plain.tables["coefficients"]["standard_error"]
    )


def test_a_negative_weight() -> None:
    with pytest.raises(InvalidRecords, match="'w' has negative values"):
        pooled(LinearRegression("y", ("x",), weights="w"), numbers(x=[1, 2, 3, 5], y=[1, 2, 3, 3], w=[1, 1, 1, -1]))


def test_as_many_coefficients_as_rows() -> None:
    with pytest.raises(TooFewRecords, match="2 coefficients"):
        pooled(LinearRegression("y", ("x",)), numbers(x=[1, 2], y=[1, 3]))


def test_no_complete_row() -> None:
    with pytest.raises(TooFewRecords, match="No row"):
        pooled(LinearRegression("y", ("x",)), numbers(x=[1, np.nan], y=[np.nan, 3]))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"outcome": "stage"}, "a numeric column was expected"),
        ({"covariates": ("age", "marker")}, "is the outcome and a covariate"),
        ({"covariates": ("age", "age")}, "more than once"),
        ({"weights": "stage"}, "weights and offsets are numbers"),
        ({"errors": "HC3"}, "'errors' is 'HC3'"),
        ({"cluster": "hospital"}, "set both, or neither"),
        ({"errors": "clustered", "cluster": "age"}, "a categorical, ordinal or boolean one"),
        ({"ridge": -1.0}, "Penalties are 0 or more"),
        ({"lasso": float("nan")}, "Penalties are 0 or more"),
        ({"lasso": 0.1, "errors": "HC0"}, "no standard errors"),
        ({"level": 95.0}, "between 0 and 1"),
    ],
)
def test_settings_that_do_not_fit(settings: dict[str, Any], message: str) -> None:
    plain: dict[str, Any] = {"outcome": "marker", "covariates": ("age",)}
    with pytest.raises(InvalidRequest, match=message):
        pooled(LinearRegression(**plain | settings), TABLE)


def test_one_cluster_alone_has_no_errors() -> None:
    north = TABLE.take(TABLE.to_pandas().hospital.to_numpy() == "north")
    with pytest.raises(TooFewRecords, match="two or more clusters"):
        pooled(LinearRegression("visits", ("age",), errors="clustered", cluster="hospital"), north)
