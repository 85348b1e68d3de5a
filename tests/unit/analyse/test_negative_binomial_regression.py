"""Negative binomial regression: a known dispersion, counts without any, and columns that hold no counts."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from tests.conformance.examples.example import patients

from cohortium.analyse import NegativeBinomialRegression, PoissonRegression, pooled
from cohortium.errors import InvalidRequest
from cohortium.records import Column, Kind, Schema, Table


def counted(y: np.ndarray, x: np.ndarray) -> Table:
    arrow = pa.table({"x": pa.array(x), "y": pa.array(y.astype(np.int64))})
    return Table(arrow, Schema((Column("x", Kind.CONTINUOUS), Column("y", Kind.INTEGER))))


def test_a_known_dispersion_is_found() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=5000)
    mean, alpha = np.exp(1 + 0.5 * x), 0.8
    answer = pooled(
        NegativeBinomialRegression("y", ("x",)), counted(rng.poisson(mean * rng.gamma(1 / alpha, alpha, 5000)), x)
    )
    error = answer.facts["alpha_standard_error"]
    assert abs(answer.facts["alpha"] - alpha) < 3.3 * error < 0.2
    table = answer.frame("coefficients")
    assert (np.abs(table.estimate - [1, 0.5]) < 3.3 * table.standard_error).all()


def test_counts_that_vary_too_little_give_the_poisson_model() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=300)
    table = counted(rng.binomial(20, 1 / (1 + np.exp(-x))), x)
    answer, plain = (
        pooled(NegativeBinomialRegression("y", ("x",)), table),
        pooled(PoissonRegression("y", ("x",)), table),
    )
    assert "no more than a Poisson model" in answer.facts["notes"][0]
    assert answer.tables["coefficients"]["estimate"] == pytest.approx(
        plain.tables["coefficients"]["estimate"], rel=1e-8
    )
    assert answer.facts["log_likelihood"] == pytest.approx(plain.facts["log_likelihood"])


@pytest.mark.parametrize("outcome", ["stage", "hospital"])
def test_a_column_that_holds_no_counts(outcome: str) -> None:
    with pytest.raises(InvalidRequest, match="counts of events"):
        pooled(NegativeBinomialRegression(outcome, ("age",)), patients(50))
