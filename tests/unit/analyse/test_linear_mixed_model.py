"""Random intercepts: known variances, sites that do not differ, and settings that do not fit."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from tests.conformance.examples.example import patients

from cohortium.analyse import LinearMixedModel, LinearRegression, pooled
from cohortium.errors import InvalidRequest, TooFewRecords
from cohortium.records import Column, Kind, Schema, Table

TABLE = patients()


def sites(between: float, number: int = 40, each: int = 50) -> Table:
    """The outcome is twice x, with a standard deviation of 1 within sites and ``between`` between them."""
    rng = np.random.default_rng(0)
    site, x = np.repeat(np.arange(number), each), rng.normal(size=number * each)
    y = 2 * x + rng.normal(0, between, number)[site] + rng.normal(size=len(x))
    arrow = pa.table({"x": x, "y": y, "site": pa.array([f"s{one:02}" for one in site]).dictionary_encode()})
    kinds = Kind.CONTINUOUS, Kind.CONTINUOUS, Kind.CATEGORICAL
    return Table(arrow, Schema(tuple(Column(*pair) for pair in zip(("x", "y", "site"), kinds, strict=True))))


def test_known_variances_are_found() -> None:
    answer = pooled(LinearMixedModel("y", ("x",), "site"), sites(1.5))
    assert answer.facts["variance_within"] == pytest.approx(1.0, rel=0.1)
    assert answer.facts["variance_between"] == pytest.approx(1.5**2, rel=0.6)
    row = answer.frame("coefficients").iloc[1]
    assert row.low < 2 < row.high
    assert len(answer.tables["sites"]["intercept"]) == 40


def test_sites_that_differ_less_than_chance_have_no_variance_and_give_least_squares() -> None:
    table = sites(0.0)
    x, y = table.numeric("x"), table.numeric("y")
    place = np.repeat(np.arange(40), 50)
    level = y - np.array([(y - 2 * x)[place == one].mean() for one in range(40)])[place]
    flat = Table(table.arrow.set_column(1, "y", pa.array(level)), table.schema)
    mixed, plain = pooled(LinearMixedModel("y", ("x",), "site"), flat), pooled(LinearRegression("y", ("x",)), flat)
    assert mixed.facts["variance_between"] == pytest.approx(0.0, abs=1e-6)
    for name in ("estimate", "standard_error"):
        assert mixed.tables["coefficients"][name] == pytest.approx(plain.tables["coefficients"][name], rel=1e-5)


def test_predicted_intercepts_are_drawn_to_nought_the_more_the_smaller_the_site() -> None:
    table = sites(1.5)
    few = table.take(np.concatenate([np.arange(3), np.arange(50, 2000)]))
    both = [pooled(LinearMixedModel("y", ("x",), "site"), one).frame("sites") for one in (table, few)]
    assert abs(both[1].intercept[0]) < np.abs(table.numeric("y") - 2 * table.numeric("x"))[:3].max()
    assert both[1].standard_error[0] > 1.5 * both[0].standard_error[0]


def test_one_site_alone() -> None:
    north = TABLE.take(TABLE.to_pandas().hospital.to_numpy() == "north")
    with pytest.raises(TooFewRecords, match="two or more sites"):
        pooled(LinearMixedModel("marker", ("age",), "hospital"), north)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (LinearMixedModel("stage", ("age",), "hospital"), "a numeric column was expected"),
        (LinearMixedModel("marker", ("age", "hospital"), "hospital"), "random intercepts and is a covariate"),
        (LinearMixedModel("marker", ("age",), "visits"), "a categorical, ordinal or boolean one"),
        (LinearMixedModel("marker", ("age",), "hospital", level=0.0), "between 0 and 1"),
    ],
)
def test_settings_that_do_not_fit(model: LinearMixedModel, message: str) -> None:
    with pytest.raises(InvalidRequest, match=message):
        pooled(model, TABLE)
