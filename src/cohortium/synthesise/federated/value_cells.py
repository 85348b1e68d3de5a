"""The distribution of a number over all sites, from counts in cells that are divided where many values lie.

Floating-point numbers, read as whole numbers, keep their order; a cell is a range of those. Nothing about the range of
a column need be known beforehand, and a value that many share ends up in a cell of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Keys = NDArray[np.uint64]

SIGN = np.uint64(1 << 63)
FIRST_BITS = 12
"""Sign and exponent: the first cells lie between powers of two."""
MOST_NEW_CELLS = 8_192
"""Cells of a column that one round may add, unless more cells than that must be divided."""
DECIMALS = tuple(range(7))


def keys_of(values: Floats) -> Keys:
    """Whole numbers (n,) in the order of these finite values (n,)."""
    bits = (values + 0.0).view(np.uint64)
    return np.where(bits & SIGN, ~bits, bits | SIGN)


def values_of(keys: Keys) -> Floats:
    """The values that have these keys."""
    bits = np.where(keys & SIGN, keys ^ SIGN, ~keys)
    return np.ascontiguousarray(bits).view(np.float64)


def on_grid(values: Floats, decimals: int | None) -> Floats:
    """Finite values in units of the last decimal that the column records; unchanged where it records any number."""
    return values if decimals is None else np.round(values * 10.0**decimals)


def kept_decimals(values: Floats) -> NDArray[np.int64]:
    """How many of the finite values (n,) have at most 0, 1, ... 6 decimals and are exact whole numbers of them."""
    exact = [(np.round(values, d) == values) & (np.abs(values) * 10.0**d < 2.0**53) for d in DECIMALS]
    return np.array([int(kept.sum()) for kept in exact], dtype=np.int64)


@dataclass(frozen=True, slots=True)
class ValueCells:
    """Cells that part all numbers.

    edges    : (m + 1,) keys; cell i holds edges[i] <= key < edges[i + 1].
    decimals : of the column, whose cells then hold whole numbers of its last decimal; None for any number.
    """

    edges: Keys
    decimals: int | None

    @classmethod
    def first(cls, decimals: int | None) -> ValueCells:
        """Cells between powers of two."""
        starts = np.arange(1 << FIRST_BITS, dtype=np.uint64) << np.uint64(64 - FIRST_BITS)
        return cls(np.append(starts, np.uint64(2**64 - 1)), decimals)

    def counts(self, values: Floats) -> NDArray[np.int64]:
        """How many of the finite values (n,) each cell (m,) holds."""
        return np.bincount(self._places(values), minlength=len(self.edges) - 1).astype(np.int64)

    def sums(self, values: Floats, first: int, stop: int) -> float:
        """Sum, in units of the grid, of the values in the cells from ``first`` to before ``stop``."""
        places = self._places(values)
        return float(on_grid(values[(places >= first) & (places < stop)], self.decimals).sum())

    def _places(self, values: Floats) -> NDArray[np.int64]:
        return np.searchsorted(self.edges[1:-1], keys_of(on_grid(values, self.decimals)), side="right")

    @property
    def ends(self) -> tuple[Floats, Floats]:
        """Least and greatest value (m,) that each cell can hold, in the unit of the grid."""
        low, high = values_of(self.edges[:-1]), values_of(self.edges[1:] - np.uint64(1))
        if self.decimals is None:
            return low, high
        with np.errstate(invalid="ignore"):  # some cells lie beyond all numbers
            return np.ceil(low), np.floor(high)

    @property
    def is_single(self) -> NDArray[np.bool_]:
        """Which cells (m,) can hold one value only."""
        low, high = self.ends
        return np.asarray(low == high)

    def divided(self, counts: NDArray[np.int64], enough: int) -> ValueCells | None:
        """Cells of more than ``enough`` values in parts, neighbouring empty ones as one; None if none is divided."""
        heavy = (counts > enough) & ~self.is_single
        if not heavy.any():
            return None
        edges = [self._parts(place, int(heavy.sum())) for place in np.flatnonzero(heavy).tolist()]
        return ValueCells(np.unique(np.concatenate([self.joined(counts).edges, *edges])), self.decimals)

    def joined(self, counts: NDArray[np.int64]) -> ValueCells:
        """The same with neighbouring empty cells as one."""
        empty = counts == 0
        inner = ~(empty[1:] & empty[:-1])
        return ValueCells(self.edges[np.concatenate([[True], inner, [True]])], self.decimals)

    def _parts(self, place: int, heavy: int) -> Keys:
        low, high = int(self.edges[place]), int(self.edges[place + 1])
        bits = min((high - low).bit_length() - 1, max(2, (MOST_NEW_CELLS // heavy).bit_length() - 1), FIRST_BITS)
        step = max((high - low) >> bits, 1)
        return np.arange(low, high, step, dtype=np.uint64)
