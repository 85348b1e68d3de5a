"""Groups of at least k neighbouring numbers with the least squared error, found exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from cohortium.errors import InvalidRequest, TooFewRecords

if TYPE_CHECKING:
    from numpy.typing import NDArray


def best_groups(values: NDArray[np.float64], k: int) -> NDArray[np.int64]:
    """Which group each value (n,) belongs to; groups have k to 2k - 1 values, and no grouping has less squared error.

    Raises : InvalidRequest for k below 2; TooFewRecords below k values.
    Cost   : n * k.
    Source : Hansen and Mukherjee 2003, IEEE Transactions on Knowledge and Data Engineering 15(4).
    """
    if k < 2:
        raise InvalidRequest(f"Groups of at least 2 values are needed to hide a value, not {k}.")
    if len(values) < k:
        raise TooFewRecords(f"A group needs {k:,} values; there are {len(values):,}. Ask for a smaller k.")
    order = np.argsort(values, kind="stable")
    found = np.empty(len(values), dtype=np.int64)
    found[order] = _shortest_way(values[order] - values.mean(), k)
    return found


@njit(cache=True, nogil=True)
def _shortest_way(values: NDArray[np.float64], k: int) -> NDArray[np.int64]:
    """A way over the sorted values, each step a group, that costs least."""
    rows = values.shape[0]
    sums = np.zeros(rows + 1)
    squares = np.zeros(rows + 1)
    for place in range(rows):
        sums[place + 1] = sums[place] + values[place]
        squares[place + 1] = squares[place] + values[place] ** 2
    cost = np.full(rows + 1, np.inf)
    start = np.zeros(rows + 1, dtype=np.int64)
    cost[0] = 0.0
    for end in range(k, rows + 1):
        for begin in range(max(0, end - 2 * k + 1), end - k + 1):
            total = sums[end] - sums[begin]
            error = cost[begin] + squares[end] - squares[begin] - total * total / (end - begin)
            if error < cost[end]:
                cost[end], start[end] = error, begin
    found = np.empty(rows, dtype=np.int64)
    last, group = rows, 0
    while last > 0:
        found[start[last] : last] = group
        last = int(start[last])
        group += 1
    return found
