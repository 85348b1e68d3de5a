"""Groups of at least k similar rows, found by the method of the maximum distance to the average (MDAV)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from cohortium.errors import InvalidRequest, TooFewRecords

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Codes = NDArray[np.int32]
    Whole = NDArray[np.int64]


def nearest_groups(points: Floats, levels: Codes, weights: Floats, k: int) -> Whole:
    """Which group each row belongs to (n,); every group has k to 2k - 1 rows.

    points  : (n, d) numbers, scaled so that squared differences may be added.
    levels  : (n, q) codes of levels from 0; two rows that differ in one are further apart by its weight.
    weights : (q,) of the levels, in squared distance.
    Raises  : InvalidRequest for k below 2; TooFewRecords below k rows.
    Cost    : about n * n / k distances.
    Source  : Domingo-Ferrer and Torra 2005, Data Mining and Knowledge Discovery 11 (MDAV-generic).
    """
    rows = len(points)
    if k < 2:
        raise InvalidRequest(f"Groups of at least 2 rows are needed to hide a row, not {k}.")
    if rows < k:
        raise TooFewRecords(f"A group needs {k:,} rows; the table has {rows:,}. Ask for a smaller k.")
    sizes = levels.max(axis=0, initial=0).astype(np.int64) + 1
    return np.asarray(
        _groups(np.ascontiguousarray(points), np.ascontiguousarray(levels), np.ascontiguousarray(weights), sizes, k)
    )


@njit(cache=True, nogil=True)
def _groups(points: Floats, levels: Codes, weights: Floats, sizes: Whole, k: int) -> Whole:
    rows = points.shape[0]
    found = np.full(rows, -1, dtype=np.int64)
    left = np.arange(rows)
    many = rows
    group = 0
    distance = np.empty(rows)
    while many >= 2 * k:
        _to_centre(points, levels, weights, sizes, left, many, distance)
        first = left[np.argmax(distance[:many])]
        _to_row(points, levels, weights, left, many, first, distance)
        is_last_pair = many < 3 * k
        many = _take_nearest(left, many, distance, k, found, group)
        group += 1
        if is_last_pair:
            break
        # The row furthest from the first one is still there: k nearer ones were taken.
        _to_row(points, levels, weights, left, many, first, distance)
        second = left[np.argmax(distance[:many])]
        _to_row(points, levels, weights, left, many, second, distance)
        many = _take_nearest(left, many, distance, k, found, group)
        group += 1
    for place in range(many):
        found[left[place]] = group
    return found


@njit(cache=True, nogil=True)
def _to_centre(
    points: Floats, levels: Codes, weights: Floats, sizes: Whole, left: Whole, many: int, distance: Floats
) -> None:
    """Fill ``distance`` with squared distances to the mean, and to the most frequent levels, of the rows left."""
    distance[:many] = 0.0
    for column in range(points.shape[1]):
        total = 0.0
        for place in range(many):
            total += points[left[place], column]
        mean = total / many
        for place in range(many):
            gap = points[left[place], column] - mean
            distance[place] += gap * gap
    for column in range(levels.shape[1]):
        counts = np.zeros(sizes[column], dtype=np.int64)
        for place in range(many):
            counts[levels[left[place], column]] += 1
        usual = np.argmax(counts)
        for place in range(many):
            if levels[left[place], column] != usual:
                distance[place] += weights[column]


@njit(cache=True, nogil=True)
def _to_row(points: Floats, levels: Codes, weights: Floats, left: Whole, many: int, row: int, distance: Floats) -> None:
    """Fill ``distance`` with squared distances of the rows left to one row."""
    for place in range(many):
        other = left[place]
        total = 0.0
        for column in range(points.shape[1]):
            gap = points[other, column] - points[row, column]
            total += gap * gap
        for column in range(levels.shape[1]):
            if levels[other, column] != levels[row, column]:
                total += weights[column]
        distance[place] = total


@njit(cache=True, nogil=True)
def _take_nearest(left: Whole, many: int, distance: Floats, k: int, found: Whole, group: int) -> int:
    """Put the k nearest of the rows left into a group; returns how many are left then."""
    nearest = np.full(k, np.inf)  # a sorted list: k is small beside the rows
    at = np.full(k, -1, dtype=np.int64)
    for place in range(many):
        if distance[place] < nearest[k - 1]:
            spot = k - 1
            while spot > 0 and nearest[spot - 1] > distance[place]:
                nearest[spot], at[spot] = nearest[spot - 1], at[spot - 1]
                spot -= 1
            nearest[spot], at[spot] = distance[place], place
    for spot in range(k):
        found[left[at[spot]]] = group
    kept = 0
    for place in range(many):
        if found[left[place]] < 0:
            left[kept] = left[place]
            kept += 1
    return kept
