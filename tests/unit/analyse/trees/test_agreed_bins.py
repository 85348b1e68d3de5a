"""Bins that sites agree on: few persons in none, levels in the order of the outcome, and values not seen before."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from cohortium.analyse.trees.agreed_bins import (
    AgreedBins,
    BinnedColumn,
    count_cells,
    fine_cells,
    level_bins,
    number_cuts,
    rungs_of,
    shares_of,
)
from cohortium.records import Column, Kind, Schema, Table


def cuts_of(values: np.ndarray, most: int = 16, smallest: int = 10, whole: bool = False) -> np.ndarray:
    edges = fine_cells(rungs_of(values), whole)
    return number_cuts(count_cells(values, edges), edges, most, smallest)


@pytest.mark.parametrize("seed", range(3))
def test_bins_hold_about_equally_many_and_never_few(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = np.concatenate([rng.normal(70, 12, 3_000), np.full(500, 0.0), rng.lognormal(0, 2, 500), [np.nan] * 9])
    counts = np.bincount(np.searchsorted(cuts_of(values), values[~np.isnan(values)], "left"))
    assert len(counts) > 10
    assert counts.min() >= 10
    assert np.delete(counts, counts.argmax()).max() < 2 * 4_000 / 16


def test_few_whole_numbers_have_a_bin_each() -> None:
    values = np.repeat([1.0, 2.0, 3.0, 7.0], [40, 30, 20, 3])
    found = np.searchsorted(cuts_of(values, whole=True), [1.0, 2.0, 3.0, 7.0], "left")
    assert found.tolist() == [0, 1, 2, 2], "three persons do not have a bin of their own"


def test_levels_stand_in_the_order_of_their_outcome() -> None:
    persons, events = np.array([50, 50, 0, 50, 4]), np.array([[40.0], [10.0], [0.0], [25.0], [2.0]])
    bins = level_bins(persons, shares_of(persons, events, 10, per_time=False), 8, 10)
    assert bins[1] < bins[3] < bins[0]
    assert bins[2] == 0, "a level that nobody had counts as missing"
    assert bins[4] in (bins[3], bins[0]), "four persons stand with those of alike outcome"


def test_levels_with_an_order_keep_it() -> None:
    assert level_bins(np.array([30, 30, 30]), None, 8, 10).tolist() == [1, 2, 3]


def test_an_unknown_level_and_a_missing_value_are_alike() -> None:
    column = BinnedColumn("ward", ("A", "B"), np.array([2.0, 1.0]))
    values = pa.array(["B", "never seen", None, "A"]).dictionary_encode()
    table = Table(pa.table({"ward": values}), Schema((Column("ward", Kind.CATEGORICAL),)))
    assert column.apply(table).tolist() == [1, 0, 0, 2]


def test_bins_survive_the_journey() -> None:
    bins = AgreedBins((BinnedColumn("x", None, np.array([0.5, 1.5])), BinnedColumn("w", ("A",), np.array([1.0]))))
    listed, arrays = bins.parts()
    again = AgreedBins.of(listed, arrays["cuts"])
    assert again.widths.tolist() == bins.widths.tolist() == [4, 2]
    assert [c.cuts.tolist() for c in again.columns] == [[0.5, 1.5], [1.0]]
