"""Kernels of trees that grow a level at a time from whole-numbered sums over nodes, features and bins.

A *cell* is one bin of one feature in one node; it holds the number of persons and then what the criterion needs. Sums
are whole numbers, so that they do not depend on the order in which rows, or sites, were added, and neither does a tree.
Bin 0 of a feature means "missing"; of the others, ``bin <= cut`` goes left.

Source : Breiman et al. 1984 (CART); Chen & Guestrin 2016 (XGBoost), equations 6 and 7; Ke et al. 2017 (LightGBM);
         LeBlanc & Crowley 1992, Biometrics 48, 411 (exponential deviance of survival trees).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Integers = NDArray[np.int64]
    Reals = NDArray[np.float64]

NEWTON, GINI, ENTROPY, EXPONENTIAL = 0, 1, 2, 3
"""Criteria. NEWTON cells hold gradients and Hessians, EXPONENTIAL ones events and how many the baseline hazard lets one
expect; the others hold the weight of each class."""


@njit(cache=True, nogil=True)
def leaves_of(
    bins: NDArray[np.uint8],
    feature: NDArray[np.int32],
    cut: NDArray[np.uint8],
    missing_left: NDArray[np.bool_],
    left: NDArray[np.int32],
    root: int,
) -> NDArray[np.int32]:
    """The leaf (n,) under ``root`` in which each row of ``bins`` (n, p) lies; a right child stands after its left."""
    answer = np.empty(bins.shape[0], np.int32)
    for row in range(bins.shape[0]):
        node = root
        while feature[node] >= 0:
            own = bins[row, feature[node]]
            goes_left = missing_left[node] if own == 0 else own <= cut[node]
            node = left[node] if goes_left else left[node] + 1
        answer[row] = node
    return answer


@njit(cache=True, nogil=True)
def add_rows(
    bins: NDArray[np.uint8],
    leaf: NDArray[np.int32],
    weights: NDArray[np.uint8],
    counted: NDArray[np.bool_],
    marks: Integers,
    slot: Integers,
    chosen: NDArray[np.int32],
    starts: Integers,
    cells: Integers,
) -> None:
    """Add rows to the cells of the nodes in which they lie.

    weights, counted : (n,) how often a row counts, 0 for not at all; whether it is the one that stands for its person.
    marks            : (n, t) what the criterion sums.
    slot             : (nodes,) which row of ``chosen`` and ``starts`` is the node's; -1 where its cells are not asked.
    chosen, starts   : (asked, q) features, and where the cells of each begin in ``cells`` (cells, 1 + t).
    """
    features, width = chosen.shape[1], marks.shape[1]
    for row in range(len(leaf)):
        place = slot[leaf[row]]
        if place < 0 or weights[row] == 0:
            continue
        weight, person = np.int64(weights[row]), np.int64(counted[row])
        for j in range(features):
            cell = starts[place, j] + bins[row, chosen[place, j]]
            cells[cell, 0] += person
            for t in range(width):
                cells[cell, t + 1] += weight * marks[row, t]


@njit(cache=True, nogil=True)
def worth(sums: Integers, units: Reals, how: int, l2: float, low: float, high: float) -> float:
    """What the criterion gives for a node with these sums: the sum over its parts is what splits make large.

    units : (t,) what one whole unit of each mark is worth; low, high : bounds on a Newton step.
    """
    if how == NEWTON:
        g, h = sums[1] * units[0], sums[2] * units[1] + l2
        step = min(max(-g / h if h > 0 else 0.0, low), high)
        return float(-(2.0 * g * step + h * step * step))
    if how == EXPONENTIAL:
        events, expected = sums[1] * units[0], sums[2] * units[1]
        return float(events * np.log(events / expected)) if events > 0 and expected > 0 else 0.0
    whole, total = 0.0, 0.0
    for t in range(1, len(sums)):
        whole += sums[t]
    if whole <= 0:
        return 0.0
    for t in range(1, len(sums)):
        if sums[t] > 0:
            total += sums[t] * np.log(sums[t] / whole) if how == ENTROPY else sums[t] * (sums[t] / whole)
    return total


@njit(cache=True, nogil=True)
def _is_allowed(
    left: Integers,
    right: Integers,
    units: Reals,
    l2: float,
    least_weight: float,
    direction: int,
    low: float,
    high: float,
) -> bool:
    """Whether both sides have Hessian enough, and their Newton steps the order that ``direction`` asks for."""
    h_left, h_right = left[2] * units[1], right[2] * units[1]
    if h_left < least_weight or h_right < least_weight:
        return False
    if direction == 0:
        return True
    step_left = min(max(-left[1] * units[0] / (h_left + l2), low), high)
    step_right = min(max(-right[1] * units[0] / (h_right + l2), low), high)
    return bool((step_right - step_left) * direction >= 0)


@njit(cache=True, nogil=True)
def best_split(
    cells: Integers,
    chosen: NDArray[np.int32],
    widths: Integers,
    units: Reals,
    how: int,
    l2: float,
    smallest: int,
    least_weight: float,
    direction: NDArray[np.int8],
    low: float,
    high: float,
) -> tuple[float, int, int, bool, Integers, Integers]:
    """The split of one node with the largest gain: gain, feature (-1 for none), cut, whether missing goes left.

    cells     : (cells, 1 + t) of the node, one chosen feature after the other; widths : (p,) bins of each feature.
    smallest, least_weight : persons, and Hessian (NEWTON only), that either side must keep.
    direction : (p,) 1 where the answer must not fall as the feature rises, -1 where it must not rise, else 0.
    Returns   : also the sums (1 + t,) of the left child and of the node.
    """
    width = cells.shape[1]
    total, best_left = np.zeros(width, np.int64), np.zeros(width, np.int64)
    left, right = np.zeros(width, np.int64), np.zeros(width, np.int64)
    for b in range(widths[chosen[0]]):
        for t in range(width):
            total[t] += cells[b, t]
    unsplit = worth(total, units, how, l2, low, high)
    # Below this, a gain is what rounding leaves of none.
    best, best_feature, best_cut, best_way = 1e-10 * abs(unsplit) + 1e-30, -1, 0, False
    start = 0
    for j in range(len(chosen)):
        f = chosen[j]
        has_missing = cells[start].any()
        for way in range(2 if has_missing else 1):
            for t in range(width):
                left[t] = cells[start, t] if way == 1 else 0
            # With missing values on the left, the first cut is the one between missing and known.
            for b in range(1 - way, widths[f] - 1):
                for t in range(width):
                    left[t] += cells[start + b, t] if b > 0 else 0
                    right[t] = total[t] - left[t]
                if left[0] < smallest:
                    continue
                if right[0] < smallest:
                    break
                if how == NEWTON and not _is_allowed(left, right, units, l2, least_weight, direction[f], low, high):
                    continue
                gain = worth(left, units, how, l2, low, high) + worth(right, units, how, l2, low, high) - unsplit
                if gain > best:
                    best, best_feature, best_cut = gain, f, b
                    # Where nobody shows where missing values belong, they go with the majority.
                    best_way = way == 1 if has_missing else 2 * left[0] > total[0]
                    best_left[:] = left
        start += widths[f]
    return best, best_feature, best_cut, best_way, best_left, total
