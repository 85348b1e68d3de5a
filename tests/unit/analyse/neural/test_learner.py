"""A site's descent and gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cohortium.analyse.neural.learner import Descent, Learner, clipped
from cohortium.analyse.neural.perceptron import Perceptron

torch = pytest.importorskip("torch", reason="the extra 'learning' is not installed")

SHAPE = Perceptron((3, 4, 2), "relu")


def _learner(rows: int, kind: str = "classes", **changes: Any) -> Learner:
    rng = np.random.default_rng(0)
    settings: dict[str, Any] = {
        "rate": 0.1, "epochs": 1, "batch": None, "decay": 0.0, "largest": 1e9, "seed": (0, 1)
    } | changes  # fmt: skip
    y = rng.integers(0, 2, rows).astype(np.float64)
    return Learner(SHAPE, kind, rng.normal(size=(rows, 3)), y, Descent(**settings))


def _one(learner: Learner, row: int) -> Learner:
    return Learner(SHAPE, learner.kind, learner.X[row : row + 1], learner.y[row : row + 1], learner.descent)


@pytest.mark.parametrize("kind", ["classes", "binary", "number"])
def test_gradient_is_the_slope_of_the_mean_loss(kind: str) -> None:
    learner, weights = _learner(20, kind, decay=0.3), SHAPE.initial(1)
    found = learner.gradient(weights)
    step = 1e-6 * np.eye(len(weights))
    slope = [(learner.loss(weights + one) - learner.loss(weights - one)) / 2e-6 / 20 for one in step]
    np.testing.assert_allclose(found, np.array(slope) + 0.3 * weights, atol=1e-7)


@pytest.mark.parametrize("largest", [0.05, 0.5, 100.0])
def test_gradients_of_patients_are_clipped_one_by_one(largest: float) -> None:
    learner, weights = _learner(30), SHAPE.initial(1)
    each = [clipped(_one(learner, row).gradient(weights), largest) for row in range(30)]
    np.testing.assert_allclose(learner.patient_gradients(weights, largest), np.sum(each, axis=0), atol=1e-12)


def test_no_patient_moves_the_sum_beyond_the_bound() -> None:
    learner, weights = _learner(12), 1e3 * SHAPE.initial(1)
    whole = learner.patient_gradients(weights, 0.7)
    for row in range(12):
        kept = np.arange(12) != row
        without = Learner(SHAPE, "classes", learner.X[kept], learner.y[kept], learner.descent)
        assert np.linalg.norm(whole - without.patient_gradients(weights, 0.7)) <= 0.7 + 1e-9


def test_a_patient_whose_gradient_overflows_adds_nothing() -> None:
    learner = _learner(3, "number")
    X = learner.X.copy()
    X[1] = 1e200
    wild = Learner(SHAPE, "number", X, learner.y, learner.descent)
    calm = Learner(SHAPE, "number", X[[0, 2]], learner.y[[0, 2]], learner.descent)
    weights = SHAPE.initial(1)
    np.testing.assert_allclose(wild.patient_gradients(weights, 1.0), calm.patient_gradients(weights, 1.0))


def test_large_tables_are_taken_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    learner, weights = _learner(25), SHAPE.initial(1)
    whole = learner.patient_gradients(weights, 0.5)
    monkeypatch.setattr("cohortium.analyse.neural.learner.AT_ONCE", 4 * SHAPE.parameters)
    np.testing.assert_allclose(learner.patient_gradients(weights, 0.5), whole, atol=1e-12)


def test_nobody_moves_nothing() -> None:
    learner, weights = _learner(0), SHAPE.initial(1)
    assert learner.loss(weights) == 0.0
    np.testing.assert_array_equal(learner.gradient(weights), np.zeros(len(weights)))
    np.testing.assert_array_equal(learner.descend(weights), weights)
    np.testing.assert_array_equal(learner.patient_gradients(weights, 1.0), np.zeros(len(weights)))


def test_only_free_weights_move() -> None:
    learner, weights = _learner(20), SHAPE.initial(1)
    moved = learner.descend(weights, free=slice(SHAPE.body, None), steps=3) - weights
    assert (moved[: SHAPE.body] == 0).all()
    assert np.abs(moved[SHAPE.body :]).max() > 0.01


def test_every_row_is_seen_once_an_epoch() -> None:
    places = np.concatenate(_learner(23, batch=5, epochs=2)._batches(None))
    assert np.bincount(places).tolist() == [2] * 23


def test_long_vectors_are_shortened_and_short_ones_kept() -> None:
    np.testing.assert_allclose(clipped(np.array([3.0, 4.0]), 1.0), [0.6, 0.8])
    np.testing.assert_array_equal(clipped(np.array([0.3, 0.4]), 1.0), [0.3, 0.4])
