"""The best split of a node beside a search through all of them, criterion by criterion."""

from __future__ import annotations

import numpy as np
import pytest

from cohortium.numerics.tree_levels import ENTROPY, EXPONENTIAL, GINI, NEWTON, add_rows, best_split, leaves_of

WIDTHS = np.array([7, 4, 9])
FURTHEST = 1e300


def value_of(marks: np.ndarray, how: int, l2: float) -> float:
    """What a node is worth, from its rows' marks, by the definition."""
    first, second = marks[:, 0].sum(), marks[:, 1].sum()
    if how == NEWTON:
        return float(first**2 / (second + l2))
    if how == EXPONENTIAL:
        return float(first * np.log(first / second)) if first > 0 else 0.0
    shares = np.array([first, second]) / max(first + second, 1)
    if how == GINI:
        return float((first + second) * (shares**2).sum())
    return float((first + second) * (shares[shares > 0] * np.log(shares[shares > 0])).sum())


def rows(how: int, seed: int, n: int = 300) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    bins = np.column_stack([rng.integers(0, width, n) for width in WIDTHS]).astype(np.uint8)
    signal = bins[:, 2] / 4 + (bins[:, 0] == 0) + rng.normal(0, 1, n)
    if how == NEWTON:
        return bins, np.column_stack([np.rint(100 * (signal.mean() - signal)), np.full(n, 100)]).astype(np.int64)
    if how == EXPONENTIAL:
        return bins, np.column_stack([signal > 1, np.rint(rng.exponential(50, n)) + 1]).astype(np.int64)
    return bins, np.column_stack([signal > 1, signal <= 1]).astype(np.int64)


def cells_of(bins: np.ndarray, marks: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    n, starts = len(bins), np.array([np.cumsum([0, *WIDTHS[chosen][:-1]])])
    cells = np.zeros((int(WIDTHS[chosen].sum()), 3), dtype=np.int64)
    ones, leaf = np.ones(n, dtype=np.uint8), np.zeros(n, dtype=np.int32)
    add_rows(bins, leaf, ones, ones.astype(bool), marks, np.zeros(1, dtype=np.int64), chosen[None], starts, cells)
    return cells


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("how", [NEWTON, GINI, ENTROPY, EXPONENTIAL])
def test_no_other_split_is_better(how: int, seed: int) -> None:
    bins, marks = rows(how, seed)
    chosen = np.array([0, 2], dtype=np.int32)
    l2, smallest = 50.0 if how == NEWTON else 0.0, 25
    gain, feature, cut, missing_left, left, total = best_split(
        cells_of(bins, marks, chosen), chosen, WIDTHS, np.ones(2), how, l2, smallest, 0.0, np.zeros(3, np.int8),
        -FURTHEST, FURTHEST,
    )  # fmt: skip
    best = 0.0
    for f in chosen:
        for place in range(WIDTHS[f] - 1):
            for way in (True, False):
                goes = np.where(bins[:, f] == 0, way, bins[:, f] <= place)
                if min(goes.sum(), (~goes).sum()) >= smallest:
                    parts = value_of(marks[goes], how, l2) + value_of(marks[~goes], how, l2)
                    best = max(best, parts - value_of(marks, how, l2))
    assert best > 0
    assert gain == pytest.approx(best, rel=1e-9)
    goes = np.where(bins[:, feature] == 0, missing_left, bins[:, feature] <= cut)
    assert left.tolist() == [goes.sum(), *marks[goes].sum(axis=0)]
    assert total.tolist() == [len(bins), *marks.sum(axis=0)]


def test_rows_fall_to_the_leaf_that_their_bins_lead_to() -> None:
    bins = np.array([[0, 1], [1, 2], [3, 1], [3, 2]], dtype=np.uint8)
    feature, cut = np.array([0, -1, 1, -1, -1], np.int32), np.array([1, 0, 1, 0, 0], np.uint8)
    left = np.array([1, 0, 3, 0, 0], np.int32)
    found = leaves_of(bins, feature, cut, np.array([False] * 5), left, 0)
    assert found.tolist() == [3, 1, 3, 4]
    assert leaves_of(bins, feature, cut, np.array([True] * 5), left, 0).tolist() == [1, 1, 3, 4]


def test_a_monotone_answer_refuses_the_wrong_order() -> None:
    bins = np.column_stack([np.ones(200), np.ones(200), np.repeat([1, 2], 100)]).astype(np.uint8)
    marks = np.column_stack([np.repeat([-5, 5], 100), np.ones(200)]).astype(np.int64)  # the answer falls
    chosen = np.array([2], dtype=np.int32)
    found = {}
    for way in (-1, 0, 1):
        direction = np.array([0, 0, way], dtype=np.int8)
        found[way] = best_split(
            cells_of(bins, marks, chosen), chosen, WIDTHS, np.ones(2), NEWTON, 1.0, 10, 0.0, direction,
            -FURTHEST, FURTHEST,
        )[1]  # fmt: skip
    assert found == {-1: 2, 0: 2, 1: -1}
