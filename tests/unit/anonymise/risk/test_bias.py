"""Who bears the cost: a minority that is left out is named, small groups are not."""

from __future__ import annotations

import numpy as np
import pytest
from tests.unit.anonymise.risk.releases import COLUMNS, HIERARCHIES, people, released

from cohortium.anonymise.risk import costs, link
from cohortium.anonymise.risk.bias import POOLED
from cohortium.errors import TooFewRecords


def test_a_minority_that_is_left_out_is_named() -> None:
    group = np.repeat([0, 1], [900, 100]).astype(np.int32)
    stays = np.ones(1_000, dtype=bool)
    stays[900:950] = False
    losses = np.where(stays, 0.2, 1.0)
    outcome = np.zeros(1_000, dtype=bool)
    outcome[:450] = True  # half of the majority
    outcome[900:950] = True  # the half of the minority that is left out
    found = costs("origin", group, ["most", "few"], losses, stays, outcome=outcome)
    worst = found.groups[0]
    assert (worst.group, worst.left_out, worst.share) == ("few", 0.5, 0.1)
    assert worst.loss == pytest.approx(0.6)
    assert worst.share_after == pytest.approx(50 / 950)
    assert found.left_out_gap == pytest.approx(0.5 - 0.05)
    assert found.loss_gap == pytest.approx(0.6 - losses.mean())
    assert (worst.outcome_before, worst.outcome_after) == (0.5, 0.0)
    assert (found.parity_before, found.parity_after, found.parity_shift) == (0.0, 0.5, 0.5)


def test_nothing_done_costs_nobody_anything() -> None:
    table = people()
    same = link(table, table, COLUMNS, HIERARCHIES)
    codes, levels = table.codes("sex")
    found = costs("sex", codes, levels, same.losses, same.rows > 0, outcome=table.codes("ill")[0] == 1)
    assert (found.left_out_gap, found.loss_gap, found.parity_shift) == (0.0, 0.0, 0.0)


def test_small_groups_are_counted_together_and_not_named() -> None:
    group = np.repeat(np.arange(5), [50, 30, 12, 12, 10]).astype(np.int32)
    names = ["a", "b", "rare Ada", "rare Bob", "rare Cyd"]
    found = costs("town", group, names, np.zeros(114), np.ones(114, dtype=bool))
    assert [one.group for one in found.groups] == ["a", "b", POOLED]
    assert found.groups[-1].persons == 34
    alone = costs("town", group[:92], names, np.zeros(92), np.ones(92, dtype=bool))
    assert [one.group for one in alone.groups] == ["a", "b"]


def test_the_outcome_of_few_who_leave_is_not_told() -> None:
    group = np.repeat([0, 1], [50, 40]).astype(np.int32)
    stays = np.ones(90, dtype=bool)
    stays[50:65] = False
    found = costs("x", group, ["a", "b"], np.zeros(90), stays, outcome=np.ones(90, dtype=bool))
    assert found.groups[0].outcome_after is None
    assert found.parity_after is None


def test_one_group_cannot_be_compared() -> None:
    with pytest.raises(TooFewRecords, match="Fewer than two groups"):
        costs("x", np.zeros(50, dtype=np.int32), ["a"], np.zeros(50), np.ones(50, dtype=bool))


def test_persons_with_many_rows_make_no_large_group() -> None:
    group = np.repeat([0, 1], [60, 60]).astype(np.int32)
    persons = np.concatenate([np.arange(60), np.repeat([100, 101], 30)])
    with pytest.raises(TooFewRecords):
        costs("x", group, ["many", "two"], np.zeros(120), np.ones(120, dtype=bool), persons=persons)


def test_shares_after_add_up() -> None:
    table = people(800)
    shown = link(table, released(table, 10), COLUMNS, HIERARCHIES)
    codes, levels = table.codes("region")
    found = costs("region", codes, levels, shown.losses, shown.rows > 0)
    assert sum(one.share_after for one in found.groups) <= 1 + 1e-9
    assert found.groups[0].left_out >= found.groups[-1].left_out
