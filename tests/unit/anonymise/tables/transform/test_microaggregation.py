"""Groups of at least k that are alike: against brute force, known properties, and an attacker who looks for rows."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pyarrow as pa
import pytest
from tests.tables import heart, mixed

from cohortium.anonymise.tables.transform import best_groups, microaggregate, nearest_groups
from cohortium.errors import InvalidRequest, TooFewRecords
from cohortium.records import Column, Kind, Schema, Table

NONE = np.zeros((0,))


def squared_error(points: np.ndarray, groups: np.ndarray) -> float:
    return sum(
        float(((points[groups == group] - points[groups == group].mean(axis=0)) ** 2).sum()) for group in set(groups)
    )


def groupings(rows: tuple[int, ...], k: int) -> list[list[tuple[int, ...]]]:
    """Every way to put rows into groups of k to 2k - 1."""
    if not rows:
        return [[]]
    found = []
    for size in range(k, min(2 * k, len(rows) + 1)):
        for others in combinations(rows[1:], size - 1):
            rest = tuple(row for row in rows[1:] if row not in others)
            found += [[(rows[0], *others), *more] for more in groupings(rest, k)]
    return found


def least_error(points: np.ndarray, k: int) -> float:
    best = np.inf
    for grouping in groupings(tuple(range(len(points))), k):
        best = min(
            best, sum(float(((points[list(one)] - points[list(one)].mean(axis=0)) ** 2).sum()) for one in grouping)
        )
    return best


def mdav(points: np.ndarray, k: int) -> np.ndarray:
    return nearest_groups(points, np.zeros((len(points), 0), dtype=np.int32), NONE, k)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("k", [2, 3])
def test_one_column_is_grouped_with_the_least_error_that_there_is(seed: int, k: int) -> None:
    values = np.random.default_rng(seed).exponential(1, 8)
    assert squared_error(values[:, None], best_groups(values, k)) == pytest.approx(least_error(values[:, None], k))


def test_many_columns_come_near_the_least_error_and_never_below() -> None:
    ratios = []
    for seed in range(12):
        points = np.random.default_rng(seed).normal(size=(8, 2))
        ratios.append(squared_error(points, mdav(points, 2)) / least_error(points, 2))
    assert min(ratios) >= 1 - 1e-9
    assert np.mean(ratios) < 1.5


@pytest.mark.parametrize("rows", [*range(3, 22), 200, 301])
def test_every_group_has_k_to_twice_k_rows(rows: int) -> None:
    points = np.random.default_rng(rows).normal(size=(rows, 3))
    for groups in (mdav(points, 3), best_groups(points[:, 0], 3)):
        sizes = np.bincount(groups)
        assert sizes.sum() == rows and sizes.min() >= 3 and sizes.max() <= 5


def test_equal_rows_are_grouped_too() -> None:
    assert np.bincount(mdav(np.ones((50, 2)), 4)).min() >= 4
    assert np.bincount(best_groups(np.ones(50), 4)).min() >= 4


def test_clusters_of_k_are_found() -> None:
    rng = np.random.default_rng(0)
    centres = np.array([[x, y] for x in range(0, 50, 10) for y in range(0, 50, 10)], dtype=float)
    points = np.repeat(centres, 4, axis=0) + rng.normal(0, 0.01, (100, 2))
    order = rng.permutation(100)
    groups = mdav(points[order], 4)
    assert len({(group, place // 4) for group, place in zip(groups, order, strict=True)}) == 25


def test_error_grows_with_k_and_is_far_below_that_of_chance() -> None:
    table = mixed(1_000).select(["age", "pack_years"])
    losses = [microaggregate(table, ["age", "pack_years"], k).loss for k in (3, 10, 50)]
    assert 0 < losses[0] < losses[1] < losses[2] < 0.3


@pytest.mark.parametrize("k", [2, 5, 20])
def test_no_row_stands_alone_and_means_stay(k: int) -> None:
    table = mixed(1_500)
    columns = ["age", "pack_years", "sex", "stage", "admitted", "severe"]
    found = microaggregate(table, columns, k).table
    rows = list(zip(*(found.arrow.column(name).to_pylist() for name in columns), strict=True))
    counts = {row: rows.count(row) for row in set(rows)}
    assert min(counts.values()) >= k
    assert found.numeric("age").mean() == pytest.approx(table.numeric("age").mean(), abs=0.3)
    assert found.select(["ward", "creatinine"]) == table.select(["ward", "creatinine"])


def test_one_column_keeps_its_mean_exactly() -> None:
    values = np.random.default_rng(1).gamma(2, 10, 501)
    table = Table(pa.table({"x": values}), Schema((Column("x", Kind.CONTINUOUS),)))
    assert microaggregate(table, ["x"], 4).table.numeric("x").mean() == pytest.approx(values.mean())


def test_an_outlier_is_not_told() -> None:
    values = np.r_[np.random.default_rng(2).normal(70, 10, 300).round(1), 317.5]
    table = Table(pa.table({"weight": values}), Schema((Column("weight", Kind.CONTINUOUS, decimals=1),)))
    told = microaggregate(table, ["weight"], 5).table.numeric("weight")
    assert told.max() < 200 and len(told) == 301


def test_missing_values_do_not_single_out() -> None:
    table = heart()
    columns = ["age", "chol", "thal", "ca", "slope"]
    found = microaggregate(table, columns, 5).table
    rows = list(zip(*(found.arrow.column(name).to_pylist() for name in columns), strict=True))
    assert min(rows.count(row) for row in set(rows)) >= 5
    gap = abs(found.missing("ca").mean() - table.missing("ca").mean())
    assert gap < 0.05


def test_ordered_levels_become_their_median_and_others_the_most_frequent() -> None:
    table = Table(
        pa.table({"stage": ["I", "I", "III", "IV", "IV"], "drug": ["b", "a", "b", "a", "b"]}),
        Schema((
            Column("stage", Kind.ORDINAL, levels=("I", "II", "III", "IV")),
            Column("drug", Kind.CATEGORICAL),
        )),
    )  # fmt: skip
    found = microaggregate(table, ["stage", "drug"], 5).table
    assert set(found.arrow.column("stage").to_pylist()) == {"III"}
    assert set(found.arrow.column("drug").to_pylist()) == {"b"}


def test_what_cannot_be_averaged_is_refused() -> None:
    table = mixed(20)
    with pytest.raises(TooFewRecords, match="20"):
        microaggregate(table, ["age"], 21)
    with pytest.raises(TooFewRecords):
        microaggregate(table, ["age", "sex"], 21)
    with pytest.raises(InvalidRequest, match="at least 2"):
        microaggregate(table, ["age", "sex"], 1)
    with pytest.raises(InvalidRequest, match="weight"):
        microaggregate(table, ["weight"], 2)
    with pytest.raises(InvalidRequest, match="identifiers"):
        microaggregate(heart(), ["id", "age"], 2)
