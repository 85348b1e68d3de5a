"""Discrimination in mode "dp": bounds hold, and the area's interval covers."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import norm
from tests.neighbours import agreed, largest_changes, visits
from tests.noise import with_noise

from cohortium.analyse import Discrimination, pooled
from cohortium.analyse.noise.discrimination import noisy_area
from cohortium.privacy.sensitivity import noisy_start
from cohortium.records import Column, Kind, Schema, Table

SCHEMA = Schema((Column("score", Kind.CONTINUOUS), Column("ill", Kind.BOOLEAN)))
AREA = Discrimination("score", "ill")
RUNS = 500


def scored(n: int, seed: int) -> Table:
    """Probabilities that tell something of the outcome."""
    rng = np.random.default_rng(seed)
    ill = rng.random(n) < 0.3
    return Table(pa.table({"score": norm.cdf(rng.normal(0, 1, n) + 1.2 * ill - 0.6), "ill": pa.array(ill)}), SCHEMA)


@pytest.mark.parametrize("seed", range(3))
def test_no_person_changes_more_than_is_said(seed: int) -> None:
    algorithm, table = Discrimination("marker", "smoker", low=0, high=50), visits(seed=seed)
    state = noisy_start(algorithm, agreed(algorithm, table).schema)
    limits, found = algorithm.sensitivity(state), largest_changes(algorithm, table, state)
    assert set(limits) == set(found)
    assert all(found[name] <= limits[name] for name in limits)
    assert found["with_outcome"] == found["without_outcome"] == 1.0


@pytest.mark.parametrize(("n", "deviation"), [(400, 1.0), (2_000, 5.0), (20_000, 40.0)])
def test_intervals_cover_the_area(n: int, deviation: float) -> None:
    rng = np.random.default_rng(1)
    ends = norm.ppf(np.linspace(0, 1, 21))
    shares = np.diff(norm.cdf(ends - 0.6)), np.diff(norm.cdf(ends + 0.6))
    truth = shares[0] @ (np.cumsum(shares[1]) - shares[1] / 2)
    covered, unaware, errors = [], [], []
    for _ in range(RUNS):
        ill = rng.multinomial(n // 3, shares[0]) + rng.normal(0, deviation, 20)
        well = rng.multinomial(n - n // 3, shares[1]) + rng.normal(0, deviation, 20)
        area, error, _ = noisy_area(ill, well, (deviation, deviation))
        covered.append(abs(area - truth) < 1.96 * error)
        unaware.append(abs(area - truth) < 1.96 * noisy_area(ill, well, (0.0, 0.0))[1])
        errors.append(area - truth)
    assert 0.92 < np.mean(covered) < 0.98  # three standard errors of the simulation and a little
    assert deviation < 2 or np.mean(unaware) < 0.92
    assert abs(np.mean(errors)) < 4 * np.std(errors) / np.sqrt(RUNS) + 1e-3


def test_with_hardly_any_noise_it_is_the_pooled_area() -> None:
    table = scored(3_000, 2)
    exact = pooled(Discrimination("score", "ill", bins=20), table)
    noisy = with_noise(AREA, table, Fraction(10**6), np.random.default_rng(0))
    for fact in ("auc", "auc_se", "auc_low", "auc_high", "auc_resolution"):
        assert noisy.facts[fact] == pytest.approx(exact.facts[fact], abs=5e-3)
    np.testing.assert_allclose(noisy.tables["roc"]["sensitivity"], exact.tables["roc"]["sensitivity"], atol=0.01)
    assert noisy.facts["brier"] is None


def test_an_answer_of_modest_epsilon_lies_around_the_pooled_one() -> None:
    table = scored(3_000, 3)
    noisy = with_noise(AREA, table, Fraction(6, 100), np.random.default_rng(0)).facts
    assert noisy["auc_low"] < pooled(AREA, table).facts["auc"] < noisy["auc_high"]
    assert noisy["auc_high"] - noisy["auc_low"] < 0.12


def test_what_noise_outweighs_is_not_told() -> None:
    answer = with_noise(AREA, scored(30, 4), Fraction(3, 100), np.random.default_rng(0))
    assert answer.facts["auc"] is None
    assert not answer.tables
    assert "outweighs" in answer.facts["notes"][0]
