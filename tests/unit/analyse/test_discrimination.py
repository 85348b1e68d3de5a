"""Discrimination: one class, scores that tell all or nothing, scores beyond their range."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from cohortium.analyse import Discrimination, pooled
from cohortium.errors import InvalidRequest, TooFewRecords
from cohortium.numerics.intervals import auc
from cohortium.records import Column, Kind, Schema, Table


def table(score: list[float | None], outcome: list[bool | None]) -> Table:
    arrow = pa.table({"score": pa.array(score, pa.float64()), "ill": pa.array(outcome, pa.bool_())})
    return Table(arrow, Schema((Column("score", Kind.CONTINUOUS), Column("ill", Kind.BOOLEAN))))


def test_one_class_is_too_few() -> None:
    with pytest.raises(TooFewRecords, match="ill"):
        pooled(Discrimination("score", "ill"), table([0.1, 0.9], [True, True]))


def test_a_perfect_score_keeps_an_interval() -> None:
    facts = pooled(Discrimination("score", "ill"), table([0.1, 0.2, 0.8, 0.9], [False, False, True, True])).facts
    assert facts["auc"] == 1.0
    exact = auc(np.array([0.8, 0.9]), np.array([0.1, 0.2]))
    assert [facts["auc_low"], facts["auc_high"]] == pytest.approx([exact.low, exact.high])
    assert facts["auc_low"] < 0.5
    assert facts["auc_resolution"] == 0.0


def test_a_score_in_one_interval_tells_nothing_and_says_so() -> None:
    facts = pooled(Discrimination("score", "ill", bins=5), table([0.91, 0.93, 0.95], [False, True, False])).facts
    assert (facts["auc"], facts["auc_resolution"]) == (0.5, 0.5)
    assert any("one interval" in note for note in facts["notes"])


def test_scores_beyond_the_range_count_at_its_bounds_and_have_no_brier() -> None:
    answer = pooled(Discrimination("score", "ill"), table([-3.0, 0.5, 7.0, None], [False, False, True, True]))
    assert answer.facts["auc"] == 1.0
    assert answer.facts["brier"] is None
    assert answer.facts["missing"] == 1
    assert "2 scores lie beyond" in answer.facts["notes"][1]


def test_the_curve_runs_from_one_corner_to_the_other() -> None:
    rng = np.random.default_rng(1)
    curve = pooled(Discrimination("score", "ill"), table(list(rng.random(50)), list(rng.random(50) < 0.5))).frame("roc")
    assert (curve.sensitivity.iloc[0], curve.specificity.iloc[0]) == (1.0, 0.0)
    assert (curve.sensitivity.iloc[-1], curve.specificity.iloc[-1]) == pytest.approx((0.0, 1.0))
    assert curve.sensitivity.is_monotonic_decreasing


def test_an_outcome_that_is_not_boolean_needs_its_event() -> None:
    arrow = pa.table({"score": [0.2, 0.9, 0.4], "ill": ["no", "yes", "no"]})
    records = Table(arrow, Schema((Column("score", Kind.CONTINUOUS), Column("ill", Kind.CATEGORICAL))))
    assert pooled(Discrimination("score", "ill", event="yes"), records).facts["auc"] == 1.0
    with pytest.raises(InvalidRequest, match="'event'"):
        pooled(Discrimination("score", "ill"), records)
