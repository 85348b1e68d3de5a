"""Calibration of predictions that separate, that are all alike, or that are no probabilities."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from cohortium.analyse import Calibration, pooled
from cohortium.errors import TooFewRecords
from cohortium.records import Column, Kind, Schema, Table


def table(predicted: list[float], outcome: list[bool]) -> Table:
    arrow = pa.table({"p": pa.array(predicted, pa.float64()), "ill": pa.array(outcome, pa.bool_())})
    return Table(arrow, Schema((Column("p", Kind.CONTINUOUS), Column("ill", Kind.BOOLEAN))))


def test_one_class_is_too_few() -> None:
    with pytest.raises(TooFewRecords, match="ill"):
        pooled(Calibration("p", "ill"), table([0.1, 0.9], [False, False]))


def test_predictions_that_separate_have_no_slope() -> None:
    facts = pooled(Calibration("p", "ill"), table([0.1, 0.2, 0.8, 0.9], [False, False, True, True])).facts
    assert facts["slope"] is None
    assert any("did not settle" in note for note in facts["notes"])
    assert facts["observed_to_expected"] == pytest.approx(1.0)


def test_predictions_that_are_all_alike_have_an_intercept_only() -> None:
    facts = pooled(Calibration("p", "ill"), table([0.5] * 8, [True] * 6 + [False] * 2)).facts
    assert facts["slope"] is None
    assert facts["observed_to_expected"] == pytest.approx(1.5)


def test_what_is_no_probability_is_left_out_and_told() -> None:
    rng = np.random.default_rng(0)
    chance = rng.random(200)
    outcome = rng.random(200) < chance
    clean = pooled(Calibration("p", "ill"), table(list(chance), list(outcome))).facts
    dirty = pooled(Calibration("p", "ill"), table([*chance, 1.5, -2.0], [*outcome, True, False])).facts
    assert dirty["slope"] == clean["slope"]
    assert "2 predictions outside" in dirty["notes"][0]


def test_certain_predictions_are_told() -> None:
    rng = np.random.default_rng(0)
    chance = rng.random(100)
    outcome = list(rng.random(100) < chance)
    facts = pooled(Calibration("p", "ill"), table([*chance, 0.0, 1.0], [*outcome, False, True])).facts
    assert any("2 predictions of 0 or 1" in note for note in facts["notes"])
