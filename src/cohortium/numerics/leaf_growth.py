"""One regression tree on binned columns, grown leaf by leaf where it helps most.

The kernels of ``boosting``. A histogram has one row per bin of every column: sums of gradients, sums of Hessians,
number of rows. A split is a column and the set of its bins that go left, whether the column is numeric or nominal.

Source : Ke et al. 2017 (LightGBM), NeurIPS 30; Fisher 1958 for the order of nominal levels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Bins = NDArray[np.uint8]
    Flags = NDArray[np.bool_]
    Places = NDArray[np.int64]
    Rows = NDArray[np.int32]

WIDTH = 256  # bins that a set of bins can hold
_SMOOTH = 10.0  # rows that a nominal level needs before it is placed, and the shrinkage of its place
_NOMINAL_L2 = 10.0  # choosing among orders of levels overfits; such splits are shrunk more
_MOST_LEVELS = 32  # levels on the smaller side of a nominal split
_FEW_LEVELS = 4  # up to here, each level is tried against all others instead
_LEAST_GAIN = 1e-9


@njit(cache=True, nogil=True)
def add_rows(bins: Bins, offsets: Places, rows: Rows, gradients: Floats, hessians: Floats, histogram: Floats) -> None:
    """Fill ``histogram`` (all bins, 3) with the sums over ``rows``."""
    histogram[:] = 0.0
    width = bins.shape[1]
    for row in rows:
        gradient, hessian = gradients[row], hessians[row]
        for column in range(width):
            slot = offsets[column] + bins[row, column]
            histogram[slot, 0] += gradient
            histogram[slot, 1] += hessian
            histogram[slot, 2] += 1.0


@njit(cache=True, nogil=True)
def _gain(g_left: float, h_left: float, g: float, h: float, l2: float) -> float:
    g_right, h_right = g - g_left, h - h_left
    return g_left * g_left / (h_left + l2) + g_right * g_right / (h_right + l2)


@njit(cache=True, nogil=True)
def _best_cut(part: Floats, g: float, h: float, n: float, smallest: int, l2: float, left: Flags) -> float:
    """Best threshold of a numeric column; writes the bins that go left and returns the split's score."""
    best, cut, missing_left = -1.0, -1, False
    ways = 2 if part[0, 2] > 0 else 1
    for way in range(ways):
        g_left = part[0, 0] if way else 0.0
        h_left = part[0, 1] if way else 0.0
        n_left = part[0, 2] if way else 0.0
        # The first cut leaves only the missing values on their side, which is a split of its own.
        for place in range(0 if way else 1, len(part) - 1):
            if place > 0:
                g_left += part[place, 0]
                h_left += part[place, 1]
                n_left += part[place, 2]
            if n_left < smallest or (place > 0 and part[place, 2] == 0.0):
                continue
            if n - n_left < smallest:
                break
            score = _gain(g_left, h_left, g, h, l2)
            if score > best:
                best, cut, missing_left = score, place, way == 1
    if cut >= 0:
        left[:] = False
        left[1 : cut + 1] = True
        left[0] = missing_left
        if ways == 1:  # nobody shows where missing values belong: they go with the majority
            left[0] = part[: cut + 1, 2].sum() * 2 > n
    return best


@njit(cache=True, nogil=True)
def _best_level(part: Floats, g: float, h: float, n: float, smallest: int, l2: float, left: Flags) -> float:
    """Best single level of a nominal column against all others."""
    best = -1.0
    for place in range(len(part)):
        if part[place, 2] < smallest or n - part[place, 2] < smallest:
            continue
        score = _gain(part[place, 0], part[place, 1], g, h, l2)
        if score > best:
            best = score
            left[:] = False
            left[place] = True
    return best


@njit(cache=True, nogil=True)
def _by_mean_gradient(part: Floats, order: Places, means: Floats) -> int:
    """Fill ``order`` with the levels that have rows enough, by their shrunken mean gradient; returns how many."""
    found = 0
    for level in range(len(part)):
        if part[level, 2] < _SMOOTH:
            continue
        mean = part[level, 0] / (part[level, 1] + _SMOOTH)
        place = found
        while place > 0 and means[place - 1] > mean:
            means[place], order[place] = means[place - 1], order[place - 1]
            place -= 1
        means[place], order[place] = mean, level
        found += 1
    return found


@njit(cache=True, nogil=True)
def _best_set(
    part: Floats,
    g: float,
    h: float,
    n: float,
    smallest: int,
    group: float,
    l2: float,
    left: Flags,
    order: Places,
    means: Floats,
) -> float:
    """Best set of levels of a nominal column, among the prefixes and suffixes of the order by mean gradient."""
    usable = _by_mean_gradient(part, order, means)
    best = -1.0
    for end in range(2):
        g_left, h_left, n_left, in_group = 0.0, 0.0, 0.0, 0.0
        for taken in range(min(_MOST_LEVELS, (usable + 1) // 2)):
            place = order[taken] if end == 0 else order[usable - 1 - taken]
            g_left += part[place, 0]
            h_left += part[place, 1]
            n_left += part[place, 2]
            in_group += part[place, 2]
            if n_left < smallest or in_group < group:
                continue
            if n - n_left < max(smallest, group):
                break
            in_group = 0.0
            score = _gain(g_left, h_left, g, h, l2 + _NOMINAL_L2)
            if score > best:
                best = score
                left[:] = False
                start = 0 if end == 0 else usable - 1 - taken
                for chosen in range(start, start + taken + 1):
                    left[order[chosen]] = True
    return best


@njit(cache=True, nogil=True)
def _best_split(
    histogram: Floats,
    offsets: Places,
    nominal: Flags,
    total: Floats,
    smallest: int,
    group: float,
    l2: float,
    left: Flags,
) -> tuple[float, int]:
    """Best column of a leaf with sums ``total``: its gain, the column (-1 for none); the bins go into ``left``."""
    g, h, n = total[0], total[1], total[2]
    best, best_column = _LEAST_GAIN, -1
    if n < 2 * smallest:
        return best, best_column
    unsplit = g * g / (h + l2)
    trial = np.zeros(WIDTH, dtype=np.bool_)
    order, means = np.empty(WIDTH, dtype=np.int64), np.empty(WIDTH)
    for column in range(len(nominal)):
        part = histogram[offsets[column] : offsets[column + 1]]
        if not nominal[column]:
            score = _best_cut(part, g, h, n, smallest, l2, trial)
        elif len(part) <= _FEW_LEVELS + 2:
            score = _best_level(part, g, h, n, smallest, l2, trial)
        else:
            score = _best_set(part, g, h, n, smallest, group, l2, trial, order, means)
        if score - unsplit > best:
            best, best_column = score - unsplit, column
            left[:] = trial
    return best, best_column


@njit(cache=True, nogil=True)
def _divide(bins: Bins, rows: Rows, start: int, stop: int, column: int, left: Flags, spare: Rows) -> int:
    """Move the rows that go left to the front, both sides in their old order; returns where the right begins."""
    middle, waiting = start, 0
    for place in range(start, stop):
        row = rows[place]
        if left[bins[row, column]]:
            rows[middle] = row
            middle += 1
        else:
            spare[waiting] = row
            waiting += 1
    rows[middle:stop] = spare[:waiting]
    return middle


@njit(cache=True, nogil=True)
def grow(
    bins: Bins,
    offsets: Places,
    nominal: Flags,
    gradients: Floats,
    hessians: Floats,
    leaves: int,
    smallest: int,
    l2: float,
    rate: float,
    scores: Floats,
) -> tuple[Rows, Flags, Rows, Floats, Floats]:
    """Grow one tree and add its values, times ``rate``, to ``scores`` (n,).

    Returns : split columns (s,), bins that go left (s, 256), children (s, 2) with leaf j written as -1 - j, leaf
    values (s + 1,), gain of each split (s,).
    """
    size = len(bins)
    group = min(100.0, max(float(smallest), size / 50.0))
    rows, spare = np.arange(size, dtype=np.int32), np.empty(size, dtype=np.int32)
    starts, stops = np.zeros(leaves, dtype=np.int64), np.zeros(leaves, dtype=np.int64)
    parents, sides = np.full(leaves, -1, dtype=np.int64), np.zeros(leaves, dtype=np.int64)
    shrinkage = np.full(leaves, l2)
    histograms, slots = np.empty((leaves, offsets[-1], 3)), np.arange(leaves)
    totals = np.empty((leaves, 3))
    gains, columns = np.zeros(leaves), np.full(leaves, -1, dtype=np.int64)
    lefts = np.zeros((leaves, WIDTH), dtype=np.bool_)

    split_columns, split_gains = np.empty(leaves - 1, dtype=np.int32), np.empty(leaves - 1)
    split_lefts = np.zeros((leaves - 1, WIDTH), dtype=np.bool_)
    children = np.empty((leaves - 1, 2), dtype=np.int32)

    stops[0] = size
    add_rows(bins, offsets, rows, gradients, hessians, histograms[0])
    totals[0] = histograms[0, : offsets[1]].sum(axis=0)
    gains[0], columns[0] = _best_split(histograms[0], offsets, nominal, totals[0], smallest, group, l2, lefts[0])
    grown = 1
    while grown < leaves:
        leaf = int(np.argmax(gains[:grown]))
        if columns[leaf] < 0:
            break
        column, fresh, split = int(columns[leaf]), grown, grown - 1
        middle = _divide(bins, rows, starts[leaf], stops[leaf], column, lefts[leaf], spare)
        split_columns[split], split_gains[split] = column, gains[leaf]
        split_lefts[split] = lefts[leaf]
        if parents[leaf] >= 0:
            children[parents[leaf], sides[leaf]] = split
        for side, child in enumerate((leaf, fresh)):
            parents[child], sides[child] = split, side
            children[split, side] = -1 - child
            many = nominal[column] and offsets[column + 1] - offsets[column] > _FEW_LEVELS + 2
            shrinkage[child] = l2 + _NOMINAL_L2 if many else l2
        starts[fresh], stops[fresh] = middle, stops[leaf]
        stops[leaf] = middle
        # Only the smaller child is counted; the larger one is what the parent has left.
        if stops[leaf] - starts[leaf] <= stops[fresh] - starts[fresh]:
            small = leaf
            slots[leaf], slots[fresh] = slots[fresh], slots[leaf]
        else:
            small = fresh
        of_small, of_large = histograms[slots[small]], histograms[slots[leaf + fresh - small]]
        add_rows(bins, offsets, rows[starts[small] : stops[small]], gradients, hessians, of_small)
        of_large -= of_small
        for child in (leaf, fresh):
            histogram = histograms[slots[child]]
            totals[child] = histogram[: offsets[1]].sum(axis=0)
            gains[child], columns[child] = _best_split(
                histogram, offsets, nominal, totals[child], smallest, group, l2, lefts[child]
            )
            if columns[child] < 0:
                gains[child] = -1.0
        grown += 1

    values = np.empty(grown)
    for leaf in range(grown):
        values[leaf] = -rate * totals[leaf, 0] / (totals[leaf, 1] + shrinkage[leaf])
        for place in range(starts[leaf], stops[leaf]):
            scores[rows[place]] += values[leaf]
    splits = grown - 1
    return split_columns[:splits], split_lefts[:splits], children[:splits], values, split_gains[:splits]


@njit(cache=True, nogil=True)
def walk(bins: Bins, columns: Rows, lefts: Flags, children: Rows, values: Floats, scores: Floats) -> None:
    """Add one tree's values to ``scores`` (n,)."""
    if len(columns) == 0:
        scores += values[0]
        return
    for row in range(len(bins)):
        node = 0
        while node >= 0:
            node = children[node, 0] if lefts[node, bins[row, columns[node]]] else children[node, 1]
        scores[row] += values[-1 - node]
