"""Bins of a number from the counts of its cells over all sites: what ``bin_column`` makes of the values themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cohortium.records import Column
from cohortium.synthesise.federated.value_cells import ValueCells
from cohortium.synthesise.tables.bins import MOST_BINS, ColumnBins, enough_for, grouped

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

MOST_PIECES = 64
"""Pieces of equal probability by which the shape of one interval is kept."""


@dataclass(frozen=True, slots=True)
class Tails:
    """The outermost cells that together hold enough persons: ``low`` before this cell, ``high`` from this one on."""

    low: int
    high: int


def fine_enough(known: int, smallest: int) -> int:
    """Persons that a cell may hold before it is divided."""
    return max(smallest, known // 1024)


def tails_of(counts: Integers, smallest: int) -> Tails:
    """The tails of a column with these counts (m,), over whose values the mean is taken."""
    low = int(np.searchsorted(np.cumsum(counts), smallest)) + 1
    high = len(counts) - 1 - int(np.searchsorted(np.cumsum(counts[::-1]), smallest))
    return Tails(low, high)


def empty_bins(column: Column, known: int) -> ColumnBins:
    """A column with too few values to be learnt: always missing."""
    nothing, interval = np.zeros(0), np.zeros(256, np.bool_)
    return ColumnBins(
        column, 1, nothing, np.array([0, 2], np.int64), np.full(2, np.nan), (), nothing, interval, known, int(known > 0)
    )


def number_bins(
    column: Column, cells: ValueCells, counts: Integers, ends: tuple[float, float], smallest: int, fine: int
) -> ColumnBins:
    """The bins of one column.

    counts : (m,) persons in its cells; ends : means of its low and high tail, at which its values end.
    fine   : persons behind each piece of a bin's shape, of whom ``smallest`` are behind each bin.
    """
    used = np.flatnonzero(counts)
    count, single = counts[used], cells.is_single[used]
    low, high = (end[used] for end in cells.ends)
    light = 2 * count < enough_for(int(count.sum()), smallest, MOST_BINS)
    alone = single & (count >= smallest) & ~(light & (len(count) >= MOST_BINS))
    groups = grouped(count, count, alone, smallest, MOST_BINS)
    unit = 1.0 if cells.decimals is None else 10.0**-cells.decimals
    last = np.array([stop - 1 for _, stop in groups[:-1]], dtype=np.int64)
    upper = _between(high[last], low[last + 1]) * unit
    margin = 0.0 if cells.decimals is None else 0.5
    interval, pieces = np.zeros(256, np.bool_), []
    for number, (start, stop) in enumerate(groups):
        if stop - start == 1 and single[start] and count[start] >= smallest:
            pieces.append(np.full(2, low[start] * unit))
            continue
        interval[number + 1] = True
        own = slice(start, stop)
        bounds = np.sort(
            [ends[0] if start == 0 else upper[number - 1], ends[1] if stop == len(count) else upper[number]]
        )
        inside = _pieces(count[own], (low[own] - margin) * unit, (high[own] + margin) * unit, fine)
        pieces.append(np.clip(inside, bounds[0], bounds[1]))
    first = np.concatenate([[0], np.cumsum([2] + [len(piece) for piece in pieces])]).astype(np.int64)
    values = np.concatenate([np.full(2, np.nan), *pieces])
    return ColumnBins(column, len(groups) + 1, upper, first, values, (), np.zeros(0), interval)


def _between(below: Floats, above: Floats) -> Floats:
    middle = below + (above - below) / 2
    return np.where(middle < above, middle, below)


def _pieces(count: Integers, low: Floats, high: Floats, fine: int) -> Floats:
    """Ends of equally likely pieces of an interval, whose values lie evenly within each of its cells."""
    reached = np.concatenate([[0], np.cumsum(count)]).astype(np.float64)
    likelihood = np.stack([reached[:-1], reached[1:]], axis=1).ravel()
    number = int(np.clip(count.sum() // fine, 1, MOST_PIECES))
    return np.interp(np.linspace(0.0, reached[-1], number + 1), likelihood, np.stack([low, high], axis=1).ravel())
