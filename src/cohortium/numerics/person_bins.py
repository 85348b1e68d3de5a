"""Bins of a numeric column that each hold enough persons: a histogram in which nobody stands alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

NEIGHBOURS = 4
"""How many distinct values on each side a value is compared with, to tell whether it stands out."""


@njit(cache=True, nogil=True)
def _carriers(
    values: NDArray[np.float64], persons: NDArray[np.int64], person_count: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Number of the distinct value of each (sorted) row, and how many persons carry each distinct value."""
    place = np.empty(len(values), np.int64)
    carriers = np.zeros(len(values), np.int64)
    last_seen = np.full(person_count, -1, np.int64)
    distinct = -1
    for row in range(len(values)):
        if row == 0 or values[row] != values[row - 1]:
            distinct += 1
        place[row] = distinct
        if last_seen[persons[row]] != distinct:
            last_seen[persons[row]] = distinct
            carriers[distinct] += 1
    return place, carriers[: distinct + 1]


@njit(cache=True, nogil=True)
def _stands_out(carriers: NDArray[np.int64], least: int, times: float) -> NDArray[np.bool_]:
    """Which distinct values are carried by ``least`` persons and ``times`` as many as the values around them."""
    answer = np.zeros(len(carriers), np.bool_)
    for i in range(len(carriers)):
        if carriers[i] >= least:
            start, stop = max(0, i - NEIGHBOURS), min(len(carriers), i + NEIGHBOURS + 1)
            around = np.sort(carriers[start:stop])
            answer[i] = carriers[i] >= times * around[len(around) // 2]
    return answer


@njit(cache=True, nogil=True)
def person_bins(
    values: NDArray[np.float64], persons: NDArray[np.int64], person_count: int, least: int, full: int, times: float
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The bin of each row of a sorted column; every bin holds ``least`` persons or more.

    values, persons : (n,) sorted by value; persons are codes below ``person_count``.
    full            : persons at which a bin is closed, at least ``least``.
    times           : a value shared by ``least`` persons, and by so many times as the values around it, is a spike
                      (zero, a detection limit, a round number) and has a bin of its own.
    Returns : bins (n,), counted from 0 and not decreasing, and the value of each bin that holds one (bins,), NaN for
              the others. There is one bin where the column holds fewer than ``least`` persons. Rows that are too few
              for a bin between two spikes join the spike on their left, or the first one where there is none.

    Bins are filled from the left, value by value, so a value is never split.
    """
    place, carriers = _carriers(values, persons, person_count)
    bin_of = np.zeros(len(carriers), np.int64)
    spikes = np.full(len(carriers) + 1, np.nan)
    last_seen = np.full(person_count, -1, np.int64)
    heavy = _stands_out(carriers, least, times)
    current, held, start = 0, 0, 0  # the open bin, its persons so far, its first distinct value
    row = 0
    for distinct in range(len(carriers)):
        if heavy[distinct] and held > 0:
            if held >= least:
                current += 1
            elif current > 0:  # too few for a bin: they go left
                bin_of[start:distinct] = current - 1
            held, start = 0, distinct
        value = values[row]
        while row < len(values) and place[row] == distinct:
            if last_seen[persons[row]] != current:
                last_seen[persons[row]] = current
                held += 1
            row += 1
        bin_of[distinct] = current
        if held >= full or heavy[distinct]:
            if heavy[distinct] or start == distinct:
                spikes[current] = value
            current, held, start = current + 1, 0, distinct + 1
    if held >= least:
        current += 1
    elif held > 0 and current > 0:
        bin_of[start:] = current - 1
    bins = bin_of[place]
    return bins, spikes[: max(current, 1)]
