"""What two releases show together."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from tests.unit.anonymise.risk.releases import COLUMNS, HIERARCHIES, people, released

from cohortium.anonymise.risk import differencing, joined, link
from cohortium.errors import NotApplicable
from cohortium.records import Column, Kind, Role, Schema, Table


def test_the_same_release_twice_shows_nothing_more() -> None:
    table = people()
    shown = link(table, released(table, 5), COLUMNS, HIERARCHIES).shown
    found = differencing(shown, shown, k=5)
    assert found.smallest == found.smallest_each[0] == found.smallest_each[1] >= 5
    assert found.below == 0.0


def test_two_releases_of_other_levels_undo_each_other() -> None:
    table = people(2_000)
    one, other = released(table, 5, 0.1, (5, 1, 1)), released(table, 5, 0.1, (1, 9, 9))
    shown = [link(table, release, COLUMNS, HIERARCHIES).shown for release in (one, other)]
    found = differencing(shown[0], shown[1], k=5)
    assert min(found.smallest_each) >= 5
    assert found.smallest < 5
    assert found.below > 0
    pairs, counts = np.unique(np.stack(shown)[:, (shown[0] >= 0) & (shown[1] >= 0)], axis=1, return_counts=True)
    assert found.smallest == counts.min()
    assert found.persons == counts.sum()
    assert found.below == pytest.approx(counts[counts < 5].sum() / counts.sum())
    assert pairs.shape[1] > 1


def test_a_value_that_only_both_classes_share_is_disclosed() -> None:
    first = np.array([0, 0, 1, 1])
    second = np.array([0, 1, 0, 1])
    illness = np.array([0, 1, 2, 0], dtype=np.int32)
    # Row 0 is in {0, 1} and in {0, 2}, row 3 in {2, 0} and in {1, 0}: 0 alone is common. Rows 1 and 2 keep two values.
    assert differencing(first, second, k=2, sensitive=illness).disclosed == 0.5
    same = np.zeros(4, dtype=np.int32)
    assert differencing(first, second, k=2, sensitive=same).disclosed == 0.0


def test_rows_of_one_person_are_no_crowd() -> None:
    first = np.zeros(6, dtype=np.int64)
    found = differencing(first, first, k=3, persons=np.array([1, 1, 1, 1, 2, 2]))
    assert found.persons == 2
    assert found.smallest == 2
    assert found.below == 1.0


def test_nobody_in_both_is_said() -> None:
    with pytest.raises(NotApplicable):
        differencing(np.array([0, -1]), np.array([-1, 0]), k=2)


def keyed(keys: list[str], ages: list[str]) -> Table:
    columns = (Column("key", Kind.IDENTIFIER, frozenset({Role.PERSON_KEY})), Column("age", Kind.CATEGORICAL))
    return Table(pa.table({"key": keys, "age": ages}), Schema(columns))


def test_a_pseudonym_joins_releases() -> None:
    one = keyed(["a", "b", "c", "d"], ["0-9", "0-9", "10-19", "10-19"])
    other = keyed(["d", "c", "b", "x"], ["5-14", "15-24", "5-14", "15-24"])
    second = joined(one, other, ["age"])
    assert second is not None
    assert second[0] == -1
    assert second[1] == second[3] != second[2]
    assert joined(one, keyed(["y"], ["*"]), ["age"]) is None
    assert joined(one, people(), ["age"]) is None
