"""Calibration of predictions that separate, that are all alike, or that are no probabilities."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from cohortium.analyse import Calibration, pooled
from cohortium.errors import InvalidRequest, TooFewRecords
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


def test_predictions_that_are_all_alike_have_no_smoothed_curve() -> None:
    facts = pooled(Calibration("p", "ill"), table([0.5] * 8, [True] * 6 + [False] * 2)).facts
    assert facts["ici"] is None and facts["e90"] is None
    assert any("fewer than three intervals" in note for note in facts["notes"])


def test_what_is_predicted_too_high_by_a_fifth_is_off_by_a_fifth() -> None:
    chance = np.repeat([0.3, 0.5, 0.7, 0.9], 1000)
    outcome = np.tile(np.arange(1000) / 1000, 4) < chance - 0.2
    facts = pooled(Calibration("p", "ill"), table(list(chance), list(outcome))).facts
    assert [facts["ici"], facts["e50"], facts["e90"]] == pytest.approx([0.2] * 3, abs=1e-8)
    assert facts["ici_low"] < 0.2 < facts["ici_high"]


def test_intervals_that_are_too_wide_are_told() -> None:
    """Predictions are too high and too low in turn, every tenth."""
    rng = np.random.default_rng(0)
    chance = rng.uniform(0.2, 0.8, 20_000)
    outcome = list(rng.random(20_000) < chance + 0.2 * np.sin(10 * np.pi * chance))
    wide = pooled(Calibration("p", "ill", bins=25, span=0.1), table(list(chance), outcome)).facts
    assert any("set more 'bins'" in note for note in wide["notes"])
    fine = pooled(Calibration("p", "ill", bins=2_000, span=0.1), table(list(chance), outcome)).facts
    assert not any("'bins'" in note for note in fine["notes"])


@pytest.mark.parametrize("span", [0.0, 1.5, float("nan")])
def test_a_span_that_is_no_share(span: float) -> None:
    with pytest.raises(InvalidRequest, match="span"):
        pooled(Calibration("p", "ill", span=span), table([0.1, 0.9], [False, True]))
