"""Columns of numbers and codes as small whole numbers, so that trees need only count.

Bin 0 of every column means "missing". Numeric columns are cut where equally many values lie between the cuts, with a
bin of its own for any value that is frequent enough to fill one. Nominal columns get one bin per level; levels beyond
the most frequent ones, and levels never seen before, share the last bin.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_BINS = 255
_SAMPLE = 200_000


@dataclass(frozen=True, slots=True)
class Binning:
    """How the values of p columns become bins.

    edges   : per column the upper ends of its bins (numeric), or its levels in ascending order (nominal).
    nominal : (p,) True where a column holds codes of levels.
    """

    edges: tuple[NDArray[np.float64], ...]
    nominal: NDArray[np.bool_]

    @property
    def counts(self) -> NDArray[np.int64]:
        """(p,) number of bins of each column, the bin of missing values included."""
        return np.array([len(edges) + 2 for edges in self.edges], dtype=np.int64)

    def apply(self, X: NDArray[np.float64]) -> NDArray[np.uint8]:
        """The bins (n, p) of the values (n, p)."""
        bins = np.empty(X.shape, dtype=np.uint8)
        for place, edges in enumerate(self.edges):
            values = X[:, place]
            inside = np.searchsorted(edges, values, "left")
            if self.nominal[place]:
                known = (
                    edges[np.minimum(inside, len(edges) - 1)] == values if len(edges) else np.zeros(len(X), np.bool_)
                )
                inside = np.where(known, inside, len(edges))
            bins[:, place] = np.where(np.isnan(values), 0, inside + 1)
        return bins


def find_bins(
    X: NDArray[np.float64], nominal: NDArray[np.bool_], rng: np.random.Generator, most: int = MOST_BINS
) -> Binning:
    """Bins learnt from the columns of X (n, p); from a random sample of rows where there are very many.

    most : largest number of bins of a column, the bin of missing values included (at most 255).
    """
    rows = X if len(X) <= _SAMPLE else X[np.sort(rng.choice(len(X), _SAMPLE, replace=False))]
    edges = []
    for place in range(X.shape[1]):
        values = rows[:, place]
        levels, counts = np.unique(values[~np.isnan(values)], return_counts=True)
        if nominal[place]:
            often = np.sort(np.argsort(-counts, kind="stable")[: most - 2])
            edges.append(levels[often])
        elif len(levels) <= most - 1:
            edges.append(_midpoints(levels, np.arange(len(levels) - 1)))
        else:
            edges.append(_midpoints(levels, _equal_cuts(counts, most - 1)))
    return Binning(tuple(edges), nominal)


def _midpoints(levels: NDArray[np.float64], cuts: NDArray[np.int64]) -> NDArray[np.float64]:
    if not len(cuts):
        return np.empty(0)
    lower, upper = levels[cuts], levels[cuts + 1]
    middle = lower + (upper - lower) / 2
    # Where two neighbours are too close to have a float between them, the cut is the lower one itself.
    return np.where((middle > lower) & (middle < upper), middle, lower)


@njit(cache=True, nogil=True)
def _equal_cuts(counts: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """Places after which a bin ends, so that bins hold equally many values and frequent values stand alone."""
    left_rows, left_bins = counts.sum(), most
    size = left_rows / left_bins
    frequent = counts >= size
    left_rows -= counts[frequent].sum()
    left_bins -= frequent.sum()
    size = left_rows / max(left_bins, 1)
    cuts = np.empty(most - 1, dtype=np.int64)
    found, filled = 0, 0
    for place in range(len(counts) - 1):
        if found == most - 1:
            break
        if not frequent[place]:
            left_rows -= counts[place]
        filled += counts[place]
        if frequent[place] or filled >= size or (frequent[place + 1] and filled >= max(1.0, size / 2)):
            cuts[found] = place
            found += 1
            filled = 0
            if not frequent[place]:
                left_bins -= 1
                size = left_rows / max(left_bins, 1)
    return cuts[:found]
