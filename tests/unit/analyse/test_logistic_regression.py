"""Logistic regression: odds by hand, outcomes that covariates separate, and settings that do not fit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from tests.conformance.examples.example import patients

from cohortium.analyse import LogisticRegression, pooled
from cohortium.errors import InvalidRequest, NotConverged, TooFewRecords
from cohortium.records import Column, Kind, Schema, Table

TABLE = patients()


def table(x: Any, y: Any) -> Table:
    arrow = pa.table({"x": pa.array(np.asarray(x, dtype=float)), "y": pa.array(np.asarray(y, dtype=bool))})
    return Table(arrow, Schema((Column("x", Kind.CONTINUOUS), Column("y", Kind.BOOLEAN))))


def test_odds_of_two_by_two() -> None:
    """12 of 20 exposed and 5 of 25 others: an odds ratio of 6, whose error is Woolf's."""
    x, y = np.repeat([1, 1, 0, 0], [12, 8, 5, 20]), np.repeat([1, 0, 1, 0], [12, 8, 5, 20])
    row = pooled(LogisticRegression("y", ("x",)), table(x, y)).frame("coefficients").iloc[1]
    assert row.odds_ratio == pytest.approx(6.0)
    assert row.standard_error == pytest.approx(np.sqrt(1 / 12 + 1 / 8 + 1 / 5 + 1 / 20))


@pytest.mark.parametrize("y", [[0, 0, 0, 1, 1, 1], [0, 0, 1, 1, 1, 1]])
def test_outcomes_that_a_covariate_separates(y: list[int]) -> None:
    x = np.array([1.0, 2, 3, 4, 5, 6])
    with pytest.raises(NotConverged, match="x separate"):
        pooled(LogisticRegression("y", ("x",)), table(np.tile(x, 10), np.tile(y, 10)))
    penalised = pooled(LogisticRegression("y", ("x",), ridge=0.01), table(np.tile(x, 10), np.tile(y, 10)))
    assert 0 < penalised.arrays["coefficients"][1] < 100


@pytest.mark.parametrize("y", [[0, 0, 0], [1, 1, 1]])
def test_an_outcome_that_nobody_or_everybody_has(y: list[int]) -> None:
    with pytest.raises(TooFewRecords, match="with and without the outcome"):
        pooled(LogisticRegression("y", ("x",)), table([1, 2, 3], y))


def test_a_level_can_be_the_outcome() -> None:
    answer = pooled(LogisticRegression("stage", ("age",), event="III"), TABLE)
    assert answer.facts["events"] == int((TABLE.to_pandas().stage == "III").sum())


def test_a_strong_lasso_leaves_the_intercept_alone() -> None:
    answer = pooled(LogisticRegression("relapse", ("age", "smoker"), lasso=10.0), TABLE)
    share = TABLE.numeric("relapse").mean()
    assert answer.arrays["coefficients"] == pytest.approx([np.log(share / (1 - share)), 0.0, 0.0])
    assert answer.facts["aic"] is None


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"outcome": "stage"}, "in the setting 'event'"),
        ({"outcome": "stage", "event": "IV"}, "has no level 'IV'"),
        ({"outcome": "age", "event": "1"}, "boolean, nominal or a whole number"),
        ({"covariates": ("relapse",)}, "is the outcome and a covariate"),
        ({"covariates": ("rcs(age, 60, 40, 80)",)}, "from low to high"),
        ({"offset": "hospital"}, "weights and offsets are numbers"),
        ({"errors": "quasi"}, "'errors' is 'quasi'"),
    ],
)
def test_settings_that_do_not_fit(settings: dict[str, Any], message: str) -> None:
    plain: dict[str, Any] = {"outcome": "relapse", "covariates": ("age",)}
    with pytest.raises(InvalidRequest, match=message):
        pooled(LogisticRegression(**plain | settings), TABLE)
