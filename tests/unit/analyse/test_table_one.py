"""Table one with groups that are empty, variables that are constant, and groups that share no level."""

from __future__ import annotations

import numpy as np
import pytest
from tests.conformance.examples.example import patients

from cohortium.analyse import TableOne, pooled
from cohortium.analyse.table_one import share_difference
from cohortium.errors import InvalidRequest

TABLE = patients(80)


def test_one_group_only() -> None:
    treated = TABLE.take(TABLE.codes("treated")[0] == 1)
    tests = pooled(TableOne(("age", "stage"), "treated"), treated).frame("tests")
    assert tests.smd.isna().all()
    assert tests.p.isna().all()


def test_missing_values_are_counted_by_variable() -> None:
    answer = pooled(TableOne(("marker", "stage"), "smoker"), TABLE)
    assert answer.tables["tests"]["missing"] == [int(TABLE.missing("marker").sum()), 0]
    assert sum(answer.tables["numeric"]["missing"]) == int(TABLE.missing("marker").sum())


def test_three_groups_show_their_largest_difference() -> None:
    three = pooled(TableOne(("age",), "stage"), TABLE).tables["tests"]["smd"][0]
    numeric = pooled(TableOne(("age",), "stage"), TABLE).frame("numeric")
    mean, spread = numeric["mean"].to_numpy(), numeric["sd"].to_numpy()
    sizes = [
        abs(mean[i] - mean[j]) / np.sqrt((spread[i] ** 2 + spread[j] ** 2) / 2) for i, j in ((0, 1), (0, 2), (1, 2))
    ]
    assert three == pytest.approx(max(sizes))


def test_groups_that_share_no_level_differ_without_bound() -> None:
    assert share_difference(np.array([[10, 0], [0, 12]])) == np.inf
    assert share_difference(np.array([[10, 12], [0, 0]])) == 0.0


def test_a_group_cannot_describe_itself() -> None:
    with pytest.raises(InvalidRequest, match="none of them"):
        pooled(TableOne(("age", "stage"), "stage"), TABLE)
