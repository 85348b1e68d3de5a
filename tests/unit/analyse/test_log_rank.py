"""The log-rank test where groups or events are few, and what strata do."""

from __future__ import annotations

import numpy as np
import pytest
from tests.conformance.examples.example import patients

from cohortium.analyse import LogRank, pooled
from cohortium.analyse.log_rank import rank_sums
from cohortium.errors import InvalidRequest, TooFewRecords


def test_by_hand() -> None:
    """Two of each; the first dies in group 1, then one in group 2."""
    gap, expected, covariance = rank_sums(np.array([[1, 0], [0, 1]]), np.array([[2, 1], [2, 2]]), 0.0, 0.0)
    np.testing.assert_allclose(expected, [1 / 2 + 1 / 3, 1 / 2 + 2 / 3])
    np.testing.assert_allclose(gap, [1 - 5 / 6, 1 - 7 / 6])
    np.testing.assert_allclose(covariance, np.array([[1, -1], [-1, 1]]) * (1 / 4 + 2 / 9))


def test_observed_and_expected_events_agree_in_total() -> None:
    groups = pooled(LogRank("time_days", "died", ("stage",), strata=("hospital",)), patients()).frame("groups")
    assert groups.expected.sum() == pytest.approx(groups.events.sum())


def test_a_stratum_of_one_group_adds_nothing() -> None:
    table = patients()
    stage, smoker = table.codes("stage")[0], table.numeric("smoker")
    without = pooled(LogRank("time_days", "died", ("smoker",)), table.take(stage == 0))
    one_group = table.take((stage == 0) | ((stage == 1) & (smoker == 1)))
    stratified = pooled(LogRank("time_days", "died", ("smoker",), strata=("stage",)), one_group)
    assert stratified.facts["statistic"] == pytest.approx(without.facts["statistic"])


def test_one_group_only() -> None:
    table = patients()
    with pytest.raises(TooFewRecords, match="1 groups have follow-up"):
        pooled(LogRank("time_days", "died", ("stage",)), table.take(table.codes("stage")[0] == 0))


def test_levels_that_nobody_has_are_no_groups() -> None:
    table = patients()
    answer = pooled(LogRank("time_days", "died", ("stage",)), table.take(table.codes("stage")[0] < 2))
    assert answer.facts["df"] == 1
    assert answer.tables["groups"]["group"] == ["I", "II"]


def test_no_groups_or_negative_weights() -> None:
    for algorithm in (LogRank("time_days", "died", ()), LogRank("time_days", "died", ("stage",), rho=-1.0)):
        with pytest.raises(InvalidRequest, match="rho and gamma"):
            pooled(algorithm, patients(20))
