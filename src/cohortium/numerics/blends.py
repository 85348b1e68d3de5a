"""Weighted sums of the scores of several columns, as ranks that a tree can split on.

A split on one column at a time needs many small leaves to follow a relation in which many columns have a small say;
one split on their blend follows it at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

CELLS = 1024
WIDEST = 4.0
"""Standard deviations on either side of the mean within which cuts may lie."""


class Blends(NamedTuple):
    """Some blends of the same columns.

    source : (k,) columns; first : (k,) where each column's weights begin; weight : (m, d) by bin and blend.
    cut    : (d, ranks - 1) upper ends of all ranks but the last.
    """

    source: NDArray[np.int64]
    first: NDArray[np.int64]
    weight: NDArray[np.float32]
    cut: NDArray[np.float32]

    @property
    def number(self) -> int:
        """How many blends there are."""
        return int(self.weight.shape[1])


NO_BLENDS = Blends(
    np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((0, 0), np.float32), np.zeros((0, 0), np.float32)
)


@njit(cache=True, nogil=True)
def blend_values(bins: NDArray[np.uint8], blends: Blends) -> NDArray[np.float32]:
    """The value (n, d) of each blend in each row of ``bins``."""
    values = np.zeros((bins.shape[0], blends.weight.shape[1]), np.float32)
    for row in range(bins.shape[0]):
        for k in range(len(blends.source)):
            place = blends.first[k] + bins[row, blends.source[k]]
            for d in range(values.shape[1]):
                values[row, d] += blends.weight[place, d]
    return values


@njit(cache=True, nogil=True)
def blend_ranks(bins: NDArray[np.uint8], blends: Blends) -> NDArray[np.uint8]:
    """The rank (n, d) of each blend in each row of ``bins``."""
    values = blend_values(bins, blends)
    ranks = np.empty(values.shape, np.uint8)
    for d in range(values.shape[1]):
        ranks[:, d] = np.searchsorted(blends.cut[d], values[:, d])
    return ranks


def with_cuts(bins: NDArray[np.uint8], blends: Blends, ranks: int) -> Blends:
    """``blends`` with cuts that part the rows of ``bins`` into about equal ranks, found from counts in equal cells."""
    values = blend_values(bins, blends)
    cuts = np.zeros((blends.number, ranks - 1), np.float32)
    for d in range(blends.number):
        middle, spread = values[:, d].mean(dtype=np.float64), values[:, d].std(dtype=np.float64)
        edges = middle + spread * np.linspace(-WIDEST, WIDEST, CELLS + 1)
        reached = np.cumsum(np.histogram(np.clip(values[:, d], edges[0], edges[-1]), edges)[0]) / max(len(values), 1)
        wanted = np.searchsorted(reached, np.arange(1, ranks) / ranks)
        cuts[d] = edges[np.minimum(wanted + 1, CELLS)]
    return blends._replace(cut=cuts)
