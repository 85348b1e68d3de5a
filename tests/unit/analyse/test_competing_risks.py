"""Cumulative incidence: what must hold between causes, and settings that do not fit."""

from __future__ import annotations

import numpy as np
import pytest
from tests.conformance.examples.example import patients

from cohortium.analyse import CompetingRisks, KaplanMeier, pooled
from cohortium.errors import InvalidRequest, TooFewRecords
from cohortium.numerics.life_table import cumulative_incidence


def test_by_hand() -> None:
    """Four at risk: cause 0 at time 1, cause 1 at time 2, both at time 3."""
    found = [
        cumulative_incidence(np.array([1.0, 2.0, 3.0]), np.array([[1, 0, 1], [0, 1, 1]]), np.array([4, 3, 2]), cause)
        for cause in (0, 1)
    ]
    np.testing.assert_allclose(found[0].value, [1 / 4, 1 / 2])
    np.testing.assert_allclose(found[1].value, [1 / 4, 1 / 2])
    # Without censoring the incidence is a share, and its variance that of a share.
    np.testing.assert_allclose(found[0].variance, [3 / 64, 1 / 16])


def test_causes_and_survival_add_up_to_one() -> None:
    at = (100.0, 500.0, 900.0)
    table = patients()
    incidence = pooled(CompetingRisks("time_days", "cause", ("disease", "other"), at_days=at), table).frame("at_times")
    survival = pooled(KaplanMeier("time_days", "died", at_days=at), table).tables["at_times"]["survival"]
    np.testing.assert_allclose(incidence.groupby("time").incidence.sum() + survival, 1.0)


def test_beyond_the_follow_up_is_not_told() -> None:
    answer = pooled(CompetingRisks("time_days", "cause", ("disease", "other"), at_days=(2047.0,)), patients())
    assert answer.tables["at_times"]["incidence"] == [None, None]
    assert all(value is not None for value in answer.tables["causes"]["incidence"])


def test_one_cause_is_not_enough() -> None:
    with pytest.raises(InvalidRequest, match="At least two different causes"):
        pooled(CompetingRisks("time_days", "cause", ("disease",)), patients(20))


def test_an_unknown_cause_is_named() -> None:
    with pytest.raises(InvalidRequest, match="has no level \\['accident'\\]"):
        pooled(CompetingRisks("time_days", "cause", ("disease", "accident")), patients(20))


def test_no_events_at_all() -> None:
    table = patients()
    with pytest.raises(TooFewRecords, match="No event was seen"):
        pooled(CompetingRisks("time_days", "cause", ("disease", "other")), table.take(table.numeric("died") == 0))
