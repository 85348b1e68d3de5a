"""Which combinations fall together at a node of the lattice, and how many rows they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Codes = NDArray[np.int32]
    Whole = NDArray[np.int64]

DIRECT = 1 << 18
"""Up to so many possible classes, each has a place of its own in a table; beyond, a hash finds it."""
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


class ClassCounter:
    """Counts the classes of one table at node after node, in room that is kept between them.

    columns : (all levels, t) groups of the combinations at each level of each column.
    starts  : (q,) where the levels of each column begin in it.
    sizes   : per column, how many groups each of its levels has.
    """

    def __init__(self, columns: Codes, starts: Whole, sizes: list[list[int]], counts: Whole) -> None:
        self.columns = columns
        self.starts = starts
        self.sizes = sizes
        self.counts = counts
        self._keys = np.zeros(len(counts), dtype=np.int64)
        self._direct = np.full(DIRECT, -1, dtype=np.int32)
        room = 1 << max(4, int(2 * len(counts) - 1).bit_length())
        self._hashed = np.empty(room, dtype=np.int64)
        self._ids = np.empty(room, dtype=np.int32)

    def classes(self, node: Whole) -> tuple[Codes, Whole]:
        """The class of every combination (t,), and the rows of every class (c,)."""
        rows = self.starts + node
        widths = np.array([sizes[level] for sizes, level in zip(self.sizes, node, strict=True)], dtype=np.int64)
        first = _first_that_overflow(widths)
        if first < len(widths):
            return self._wide_classes(rows, widths, first)
        _mixed_radix(self.columns, rows, widths, self._keys)
        return self._numbered(int(np.prod(widths.astype(np.float64))))

    def _numbered(self, possible: int) -> tuple[Codes, Whole]:
        found = np.empty(len(self.counts), dtype=np.int32)
        if possible <= DIRECT:
            number = _number_directly(self._keys, self._direct, found)
        else:
            number = _number_by_hash(self._keys, self._hashed, self._ids, found)
        return found, _rows_of(found, self.counts, number)

    def _wide_classes(self, rows: Whole, widths: Whole, first: int) -> tuple[Codes, Whole]:
        """As ``classes`` where one number cannot hold a combination: the first columns are numbered before the rest."""
        _mixed_radix(self.columns, rows[:first], widths[:first], self._keys)
        found, sizes = self._numbered(1 << 62)
        while first < len(widths):
            more = first + _first_that_overflow(np.concatenate([[len(sizes)], widths[first:]])) - 1
            _continue_radix(self.columns, rows[first:more], widths[first:more], found, self._keys)
            found, sizes = self._numbered(1 << 62)
            first = more
        return found, sizes


def _first_that_overflow(widths: Whole) -> int:
    """How many of the widths can be multiplied without passing 2^62."""
    room = 1
    for place, width in enumerate(widths):
        room *= int(width)
        if room > 1 << 62:
            return place
    return len(widths)


@njit(cache=True, nogil=True)
def _mixed_radix(columns: Codes, rows: Whole, widths: Whole, keys: Whole) -> None:
    keys[:] = 0
    for place in range(rows.shape[0]):
        column, width = columns[rows[place]], widths[place]
        for one in range(keys.shape[0]):
            keys[one] = keys[one] * width + column[one]


@njit(cache=True, nogil=True)
def _continue_radix(columns: Codes, rows: Whole, widths: Whole, found: Codes, keys: Whole) -> None:
    keys[:] = found
    for place in range(rows.shape[0]):
        column, width = columns[rows[place]], widths[place]
        for one in range(keys.shape[0]):
            keys[one] = keys[one] * width + column[one]


@njit(cache=True, nogil=True)
def _number_directly(keys: Whole, table: Codes, found: Codes) -> int:
    number = 0
    for one in range(keys.shape[0]):
        key = keys[one]
        if table[key] < 0:
            table[key] = number
            number += 1
        found[one] = table[key]
    for one in range(keys.shape[0]):
        table[keys[one]] = -1
    return number


@njit(cache=True, nogil=True)
def _number_by_hash(keys: Whole, hashed: Whole, ids: Codes, found: Codes) -> int:
    """Open addressing with linear steps; the room is at least twice the number of keys."""
    mask = np.int64(hashed.shape[0] - 1)
    hashed[:] = -1
    number = 0
    for one in range(keys.shape[0]):
        key = keys[one]
        place = np.int64((np.uint64(key) * _GOLDEN) >> np.uint64(32)) & mask
        while hashed[place] != -1 and hashed[place] != key:
            place = (place + 1) & mask
        if hashed[place] == -1:
            hashed[place] = key
            ids[place] = number
            number += 1
        found[one] = ids[place]
    return number


@njit(cache=True, nogil=True)
def _rows_of(found: Codes, counts: Whole, number: int) -> Whole:
    rows = np.zeros(number, dtype=np.int64)
    for one in range(found.shape[0]):
        rows[found[one]] += counts[one]
    return rows


@njit(cache=True, nogil=True)
def values_left_out(
    codes: Codes, starts: Whole, counts: Whole, found: Codes, fails: NDArray[np.bool_], out: Whole
) -> np.int64:
    """Fill ``out`` (all values,) with the rows in classes that fail, by value; returns how many rows these are.

    codes, counts : (t, q) and (t,) of the combinations.
    starts        : (q,) where the values of each column begin in ``out``.
    found, fails  : (t,) class of each combination, and (c,) whether a class fails.
    """
    out[:] = 0
    rows = np.int64(0)
    for one in range(found.shape[0]):
        if fails[found[one]]:
            count = counts[one]
            rows += count
            for column in range(starts.shape[0]):
                out[starts[column] + codes[one, column]] += count
    return rows
