"""Poisson regression: rates by hand, values that are no counts, and settings that do not fit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from cohortium.analyse import PoissonRegression, pooled
from cohortium.errors import InvalidRecords, InvalidRequest, TooFewRecords
from cohortium.records import Column, Kind, Schema, Table


def table(**columns: Any) -> Table:
    arrays = {name: pa.array(np.asarray(values, dtype=float), from_pandas=True) for name, values in columns.items()}
    return Table(pa.table(arrays), Schema(tuple(Column(name, Kind.CONTINUOUS) for name in arrays)))


SICK = {"falls": [3, 5, 0, 2, 9, 4], "old": [0, 0, 0, 1, 1, 1], "years": [2, 4, 2, 1, 3, 1]}


def test_rates_of_two_groups() -> None:
    """8 events in 8 years against 15 in 5: a ratio of 3, whose error is the root of 1 / 8 + 1 / 15."""
    row = pooled(PoissonRegression("falls", ("old",), exposure="years"), table(**SICK)).frame("coefficients").iloc[1]
    assert row.rate_ratio == pytest.approx(3.0)
    assert row.standard_error == pytest.approx(np.sqrt(1 / 8 + 1 / 15))


def test_an_exposure_is_an_offset_on_the_log_scale() -> None:
    data = table(**SICK, log_years=np.log(SICK["years"]))
    one = pooled(PoissonRegression("falls", ("old",), exposure="years"), data)
    other = pooled(PoissonRegression("falls", ("old",), offset="log_years"), data)
    assert one.tables["coefficients"]["estimate"] == pytest.approx(other.tables["coefficients"]["estimate"])


@pytest.mark.parametrize("value", [-1.0, 2.5, 1e8])
def test_values_that_are_no_counts(value: float) -> None:
    with pytest.raises(InvalidRecords, match="no counts"):
        pooled(PoissonRegression("falls", ("old",)), table(**SICK | {"falls": [3, 5, 0, 2, 9, value]}))


def test_an_exposure_of_nought() -> None:
    with pytest.raises(InvalidRecords, match="an exposure is above 0"):
        pooled(PoissonRegression("falls", ("old",), exposure="years"), table(**SICK | {"years": [2, 4, 2, 1, 3, 0]}))


def test_no_event_at_all() -> None:
    with pytest.raises(TooFewRecords, match="rows with an event"):
        pooled(PoissonRegression("falls", ("old",)), table(**SICK | {"falls": [0] * 6}))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"exposure": "years", "offset": "years"}, "Either 'offset' or 'exposure'"),
        ({"ridge": 0.1, "errors": "quasi"}, "no standard errors"),
        ({"covariates": ("falls",)}, "is the outcome and a covariate"),
    ],
)
def test_settings_that_do_not_fit(settings: dict[str, Any], message: str) -> None:
    plain: dict[str, Any] = {"outcome": "falls", "covariates": ("old",)}
    with pytest.raises(InvalidRequest, match=message):
        pooled(PoissonRegression(**plain | settings), table(**SICK))
