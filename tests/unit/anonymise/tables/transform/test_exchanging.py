"""Swapping, post-randomisation, sampling: what must stay on the whole, and what must not stay with its row."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from tests.tables import mixed, visits

from cohortium.anonymise.tables.transform import (
    invariant_matrix,
    randomise_levels,
    sample_persons,
    swap_ranks,
    without_columns,
)
from cohortium.errors import InvalidRequest, TooFewRecords
from cohortium.privacy.secure_noise import InsecureNoise
from cohortium.records import Column, Kind, Schema, Table


def noise(seed: int = 0) -> InsecureNoise:
    return InsecureNoise(np.random.default_rng(seed))


def test_swapping_keeps_every_value_and_moves_nearly_all() -> None:
    table = Table(pa.table({"x": np.random.default_rng(0).normal(size=2_000)}), Schema((Column("x", Kind.CONTINUOUS),)))
    before, after = table.numeric("x"), swap_ranks(table, ["x"], 0.05, noise=noise()).numeric("x")
    assert (np.sort(before) == np.sort(after)).all()
    assert (before != after).mean() > 0.95
    moved = np.abs(np.argsort(np.argsort(before)) - np.argsort(np.argsort(after)))
    assert moved.max() <= 100 and moved.mean() > 20


def test_swapping_leaves_missing_values_where_they_are() -> None:
    table = mixed(500)
    found = swap_ranks(table, ["creatinine", "age", "left"], 0.1, noise=noise())
    assert (found.missing("creatinine") == table.missing("creatinine")).all()
    assert sorted(found.numeric("age")) == sorted(table.numeric("age"))
    assert found.select(["sex", "admitted"]) == table.select(["sex", "admitted"])


@pytest.mark.parametrize("share", [0, -0.1, 1.1])
def test_a_share_that_makes_no_sense_is_refused(share: float) -> None:
    with pytest.raises(InvalidRequest, match="share"):
        swap_ranks(mixed(20), ["age"], share)
    with pytest.raises(InvalidRequest, match="share"):
        sample_persons(mixed(20), share)


@pytest.mark.parametrize("keep", [0.0, 0.5, 0.9])
def test_the_matrix_keeps_frequencies(keep: float) -> None:
    shares = np.array([0.7, 0.2, 0.07, 0.03])
    found = invariant_matrix(shares, keep)
    assert found.sum(axis=1) == pytest.approx(np.ones(4))
    assert shares @ found == pytest.approx(shares)
    assert (found >= 0).all()


def test_levels_change_as_often_as_the_matrix_says() -> None:
    levels = np.repeat(["a", "b", "c"], [20_000, 8_000, 2_000])
    table = Table(pa.table({"x": levels}), Schema((Column("x", Kind.CATEGORICAL, levels=("a", "b", "c", "nobody")),)))
    found = randomise_levels(table, "x", 0.7, noise=noise())
    before, after = table.codes("x")[0], found.table.codes("x")[0]
    assert found.levels == ("a", "b", "c", "nobody") and not (after == 3).any()
    for level in range(3):
        told = np.bincount(after[before == level], minlength=4) / (before == level).sum()
        assert told == pytest.approx(found.chances[level], abs=0.04)
    assert np.bincount(after, minlength=3)[:3] / 30_000 == pytest.approx([2 / 3, 8 / 30, 2 / 30], abs=0.01)


def test_truth_values_and_missing_levels() -> None:
    flags = [True] * 500 + [False] * 500 + [None] * 10
    table = Table(pa.table({"x": pa.array(flags, pa.bool_())}), Schema((Column("x", Kind.BOOLEAN),)))
    found = randomise_levels(table, "x", 0.5, noise=noise()).table
    assert (found.missing("x") == table.missing("x")).all()
    assert 180 < (np.asarray(found.codes("x")[0][:500]) == 0).sum() < 320


def test_one_level_has_no_other() -> None:
    table = Table(pa.table({"x": ["a", "a"]}), Schema((Column("x", Kind.CATEGORICAL),)))
    with pytest.raises(TooFewRecords, match="two levels"):
        randomise_levels(table, "x")
    with pytest.raises(InvalidRequest, match="keep"):
        randomise_levels(table, "x", 1.0)


def test_a_sample_holds_whole_persons_and_is_drawn_anew() -> None:
    table = visits(200)
    found = sample_persons(table, 0.3)
    kept = set(found.arrow.column("patient").to_pylist())
    assert len(kept) == 60
    assert len(found) == sum(one in kept for one in table.arrow.column("patient").to_pylist())
    assert set(sample_persons(table, 0.3).arrow.column("patient").to_pylist()) != kept
    with pytest.raises(InvalidRequest, match="less than one"):
        sample_persons(table, 0.001)


def test_columns_left_out_are_gone_with_the_rules_about_them() -> None:
    found = without_columns(mixed(30), ["left", "grade"])
    assert "left" not in found.schema and not found.schema.constraints
    with pytest.raises(InvalidRequest, match="at least one"):
        without_columns(mixed(5).select(["age"]), ["age"])
    with pytest.raises(InvalidRequest, match="weight"):
        without_columns(mixed(5), ["weight"])
