"""Ranks of a column from counts of its values in intervals that are made finer where many values lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]
    Counts = NDArray[np.int64]

POWERS = 2.0 ** np.arange(-100, 101)
LADDER = np.concatenate([-POWERS[::-1], [0.0], POWERS])
"""Where intervals end at first, so that no site need tell its smallest or largest value."""
PARTS = 16
"""Into how many an interval is split."""
NARROW = 1e-9
"""Values nearer to each other than this, as a share of their size, are not told apart."""


@dataclass(frozen=True, slots=True)
class RankBins:
    """Intervals of a column: the values above one of ``cuts`` (k,) up to the next; the outermost have no other end.

    is_whole : the column holds whole numbers.
    """

    cuts: Reals
    is_whole: bool = False

    @classmethod
    def widest(cls, is_whole: bool) -> RankBins:
        """Where nothing is known of the column: intervals between powers of two."""
        return cls(LADDER[np.floor(LADDER) == LADDER] if is_whole else LADDER, is_whole)

    def places(self, values: Reals) -> NDArray[np.intp]:
        """The interval (n,) of each value."""
        return np.searchsorted(self.cuts, values, side="left")

    def counts(self, values: Reals) -> Counts:
        """How many values lie in each interval (k + 1,)."""
        return np.bincount(self.places(values), minlength=len(self.cuts) + 1).astype(np.int64)

    def is_single(self) -> NDArray[np.bool_]:
        """Intervals (k + 1,) whose values count as one and the same."""
        low, high = self.cuts[:-1], self.cuts[1:]
        apart = high - low
        if self.is_whole:
            inner = np.floor(high) - np.floor(low) <= 1
        else:
            inner = (apart <= NARROW * np.maximum(np.abs(low), np.abs(high))) | (apart <= POWERS[0])
        return np.concatenate([[False], inner, [False]])

    def finer(self, counts: Counts, most: float) -> RankBins | None:
        """Intervals with more than ``most`` values split, and those between empty ones joined; None where none is."""
        wanted = (counts > most) & ~self.is_single()
        wanted[[0, -1]] = False  # there is no middle of an interval without an end
        if not wanted.any():
            return None
        kept = self.cuts[(counts[:-1] > 0) | (counts[1:] > 0)]
        low, high = self.cuts[:-1][wanted[1:-1]], self.cuts[1:][wanted[1:-1]]
        fresh = low[:, None] + (high - low)[:, None] * np.arange(1, PARTS) / PARTS
        if self.is_whole:
            fresh = np.floor(fresh)
        return RankBins(np.unique(np.concatenate([kept, fresh.ravel()])), self.is_whole)

    def midranks(self, counts: Counts) -> Reals:
        """The mean rank (k + 1,), from 1, of the values in each interval."""
        found: Reals = np.cumsum(counts) - (counts - 1) / 2.0
        return found

    def untold(self, counts: Counts) -> float:
        """By how much the sum of squares of ranks could grow if all values within intervals were told apart."""
        several = counts[~self.is_single()].astype(np.float64)
        return float((several**3 - several).sum()) / 12.0
