"""What models answer in mode "dp": that of clipped rows without noise, intervals that cover with it."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from tests.modelled import MODELLED, MODELS, SCHEMA, TRUTH, made
from tests.noise import in_parts

from cohortium.analyse import PCA, Correlation, KMeans, LinearRegression, pooled
from cohortium.errors import TooFewRecords
from cohortium.privacy.accounting import rho_of
from cohortium.records import Algorithm, Table


@pytest.mark.parametrize("algorithm", MODELS, ids=repr)
@pytest.mark.parametrize("penalty", [0.0, 0.1])
def test_without_noise_it_is_the_regression_of_the_clipped_rows(algorithm: Any, penalty: float) -> None:
    """Within a few hundredths of a standard error: the last steps' mean is taken, whatever the noise."""
    table, asked = made(2_000, 1), replace(algorithm, ridge=penalty)
    expected = pooled(asked, table).tables["coefficients"]
    found = in_parts(asked, table, Fraction(10**9), np.random.default_rng(0)).tables["coefficients"]
    errors = np.array(pooled(algorithm, table).tables["coefficients"]["standard_error"])
    assert np.abs(np.array(found["estimate"]) - np.array(expected["estimate"])).max() / errors.max() < 0.03
    assert (np.abs(np.array(found["estimate"]) - np.array(expected["estimate"])) / errors).max() < 0.03
    if penalty == 0.0:
        np.testing.assert_allclose(found["standard_error"], expected["standard_error"], rtol=0.08)
    else:
        assert found["standard_error"] == [None] * len(errors)


@pytest.mark.parametrize(
    ("algorithm", "table", "columns", "tolerance"),
    [
        (Correlation(("age", "score", "smoker")), "pairs", ("r", "low", "high"), 2e-3),
        (PCA(("age", "pressure", "score")), "components", ("variance", "share"), 2e-3),
        (PCA(("age", "pressure", "score")), "loadings", ("PC1", "PC2"), 5e-3),
        (PCA(("age", "pressure"), is_scaled=False), "components", ("variance",), 2e-3),
    ],
    ids=repr,
)
def test_without_noise_moments_are_those_of_the_rows(
    algorithm: Algorithm, table: str, columns: tuple[str, ...], tolerance: float
) -> None:
    rows = made(2_000, 1)
    exact, found = pooled(algorithm, rows), in_parts(algorithm, rows, Fraction(10**9), np.random.default_rng(0))
    for column in columns:
        np.testing.assert_allclose(found.tables[table][column], exact.tables[table][column], rtol=tolerance, atol=1e-3)


@pytest.mark.parametrize("is_scaled", [True, False])
def test_clusters_that_lie_apart_are_found_under_noise(is_scaled: bool) -> None:
    rng = np.random.default_rng(3)
    home = rng.integers(0, 3, 3_000)
    x = np.array([20.0, 60.0, 95.0])[home] + rng.normal(0, 4, 3_000)
    y = np.array([90.0, 200.0, 120.0])[home] + rng.normal(0, 5, 3_000)
    table = Table(pa.table({"age": x, "pressure": y}), SCHEMA.select(("age", "pressure")))
    answer = in_parts(KMeans(("age", "pressure"), 3, is_scaled), table, Fraction(rho_of(3.0, 1e-5)), rng)
    found = answer.tables["clusters"]
    np.testing.assert_allclose(found["age"], [20, 60, 95], atol=3)
    np.testing.assert_allclose(found["pressure"], [90, 200, 120], atol=5)
    counts = np.bincount(home)
    assert all(low <= true <= high for low, true, high in zip(found["n_low"], counts, found["n_high"], strict=True))
    assert answer.facts["noise_sd"]["size"] > 0


@pytest.mark.parametrize("algorithm", MODELS, ids=lambda one: type(one).__name__)
def test_intervals_cover_as_often_as_they_say(algorithm: Any) -> None:
    """With noise about as large as chance: intervals for chance alone would cover far less often."""
    rho, rng, runs = Fraction(rho_of(2.0, 1e-5)), np.random.default_rng(11), 25
    truth = TRUTH[type(algorithm).registered_name]
    covered, wider = [], []
    for run in range(runs):
        table = made(2_500, 100 + run)
        found = in_parts(algorithm, table, rho, rng, is_fast=True).tables["coefficients"]
        covered.append(
            [low <= true <= high for low, true, high in zip(found["low"], truth, found["high"], strict=True)]
        )
        if run < 3:
            chance = pooled(algorithm, table).tables["coefficients"]["standard_error"]
            wider.append(np.array(found["standard_error"]) / np.array(chance))
    assert 0.91 < np.mean(covered) < 0.985
    assert np.mean(wider) > 1.1


def test_intervals_of_correlations_cover() -> None:
    rho, rng, runs = Fraction(rho_of(2.0, 1e-5)), np.random.default_rng(12), 120
    algorithm, inside, rejected = Correlation(("age", "pressure", "smoker")), [], []
    true = 6.0 / np.hypot(6.0, 15.0)
    for run in range(runs):
        found = in_parts(algorithm, made(1_000, run), rho, rng, is_fast=True).tables["pairs"]
        inside.append([found["low"][0] <= true <= found["high"][0], *(np.array(found["low"][1:]) <= 0)])
        rejected.append(np.array(found["p"][1:]) < 0.05)
    assert 0.90 < np.mean([one[0] for one in inside]) <= 1.0
    assert 0.02 < np.mean(rejected) < 0.09


def test_where_noise_outweighs_the_covariates_no_errors_are_given() -> None:
    rng, rho = np.random.default_rng(1), Fraction(rho_of(1.0, 1e-5))
    answer = in_parts(LinearRegression("score", MODELLED), made(600, 1), rho, rng, is_fast=True)
    assert answer.tables["coefficients"]["standard_error"] == [None] * 6
    assert "vary too little beside the noise" in " ".join(answer.facts["notes"])
    with pytest.raises(TooFewRecords, match="noise"):
        in_parts(LinearRegression("score", MODELLED), made(20, 1), rho, rng, is_fast=True)


def test_components_that_noise_could_have_made_are_named() -> None:
    rng = np.random.default_rng(1)
    answer = in_parts(PCA(("age", "pressure", "score")), made(400, 1), Fraction(1, 4), rng, is_fast=True)
    assert "PC" in answer.facts["notes"][1]
    clear = in_parts(PCA(("age", "pressure", "score")), made(400, 1), Fraction(10**6), rng)
    assert len(clear.facts["notes"]) == 1
