"""Cells of numbers over all sites, and the bins that are made of them."""

from __future__ import annotations

import numpy as np
import pytest

from cohortium.records import Column, Kind
from cohortium.synthesise.federated.summed_bins import number_bins, tails_of
from cohortium.synthesise.federated.value_cells import ValueCells, kept_decimals, keys_of, values_of
from cohortium.synthesise.federated.whole_scores import WholeScores, covariances, product_sums


def refined(values: np.ndarray, decimals: int | None, enough: int) -> tuple[ValueCells, np.ndarray]:
    cells = ValueCells.first(decimals)
    for _ in range(12):
        finer = cells.divided(cells.counts(values), enough)
        if finer is None:
            break
        cells = finer
    return cells, cells.counts(values)


def test_keys_keep_order_and_come_back() -> None:
    values = np.array([-1e300, -2.5, -1e-300, -0.0, 0.0, 5e-324, 1.0, 1.0000000000000002, 1e300])
    keys = keys_of(values)
    assert (np.diff(keys.astype(object)) >= 0).all() and keys[3] == keys[4]
    assert (values_of(keys) == values).all()


@pytest.mark.parametrize(("decimals", "scale"), [(0, 1e6), (2, 50.0), (None, 1.0)])
def test_no_cell_stays_crowded_unless_it_holds_one_value(decimals: int | None, scale: float) -> None:
    rng = np.random.default_rng(1)
    values = rng.normal(size=5_000) * scale
    values[:700] = 40.0
    values = values if decimals is None else np.round(values, decimals)
    cells, counts = refined(values, decimals, 5)
    assert counts.sum() == 5_000 and (counts[~cells.is_single] <= 5).all()
    low, high = cells.ends
    unit = 1.0 if decimals is None else 10.0**-decimals
    spike = counts.argmax()
    assert counts[spike] >= 700 and low[spike] * unit == high[spike] * unit == 40.0


def test_counts_of_sites_add_up() -> None:
    values = np.random.default_rng(2).exponential(size=1_000)
    cells, counts = refined(values, None, 10)
    assert (cells.counts(values[:300]) + cells.counts(values[300:]) == counts).all()
    assert cells.counts(values[:0]).sum() == 0


def test_decimals_are_found() -> None:
    assert kept_decimals(np.array([1.0, 2.5, 3.25])).tolist() == [1, 2, 3, 3, 3, 3, 3]
    assert kept_decimals(np.array([1 / 3, 1e17])).tolist()[6] == 0


def test_bins_hold_enough_and_give_the_distribution_back() -> None:
    rng = np.random.default_rng(3)
    values = np.where(rng.random(4_000) < 0.3, 0.0, rng.gamma(2.0, 10.0, 4_000))
    cells, counts = refined(values, None, 5)
    tails = tails_of(counts, 5)
    sums = [cells.sums(values, 0, tails.low), cells.sums(values, tails.high, len(cells.edges))]
    low, high = sums[0] / counts[: tails.low].sum(), sums[1] / counts[tails.high :].sum()
    bins = number_bins(Column("x", Kind.CONTINUOUS), cells, counts, (low, high), 5, 5)
    place = np.searchsorted(bins.upper, values, side="left") + 1
    held = np.bincount(place, minlength=bins.width)
    assert held[1:].min() >= 5 and bins.width <= 255 and not bins.interval[place[values == 0.0]].any()
    made = np.asarray(bins.decode(place.astype(np.uint8), rng))
    assert np.abs(np.quantile(made, [0.4, 0.6, 0.9]) / np.quantile(values, [0.4, 0.6, 0.9]) - 1.0).max() < 0.01
    assert made.max() <= high < values.max()


def test_products_of_scores_are_exact_whoever_adds_first() -> None:
    rng = np.random.default_rng(4)
    codes = rng.integers(0, 9, (700, 3)).astype(np.uint8)
    scores = [rng.normal(size=(9, width)) for width in (4, 1, 6)]
    whole = [WholeScores.of(own, 700) for own in scores]
    totals, products = product_sums(codes, whole)
    parts = [product_sums(part, whole) for part in (codes[:100], codes[100:])]
    assert (products == parts[0][1] + parts[1][1]).all()
    values = np.concatenate([own[codes[:, place]] for place, own in enumerate(scores)], axis=1)
    found = covariances(totals, products, 700, whole).covariance
    assert np.abs(found - np.cov(values.T, bias=True)).max() < 1e-4
