"""Whether answers about a new cohort, put together with earlier ones, would be answers about a handful of persons.

Cohorts are bitmaps over the persons of a dataset. Sums over cohorts add up, so whoever has answers for N, A and B has
them for every combination N + a A + b B. The new cohort is held against all such combinations with a and b in
{-1, 0, 1}: they contain the plain difference (N - A), the tracker of Denning, Denning & Schwartz 1979 (N is A and a few
more), a union that is known in parts (N - A - B), and a cohort known as what is left (N + A - B).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def bitmap(places: NDArray[np.int64], persons: int) -> NDArray[np.uint64]:
    """The cohort of the persons at ``places`` as bits, 64 to a word."""
    bits = np.zeros(-(-persons // 64) * 64, dtype=np.uint8)
    bits[places] = 1
    return np.packbits(bits, bitorder="little").view("<u8").astype(np.uint64)


def isolates(new: NDArray[np.uint64], earlier: Sequence[NDArray[np.uint64]], fewest: int) -> bool:
    """Whether some combination with at most two earlier cohorts leaves 1 to ``fewest`` - 1 persons.

    new, earlier : bitmaps; earlier ones may be shorter, since persons are added at the end.
    Cost : one pass over all pairs of earlier cohorts whose sizes allow it at all.
    """
    before = np.zeros((len(earlier), len(new)), dtype=np.uint64)
    for row, words in enumerate(earlier):
        before[row, : len(words)] = words
    if _is_few(new[None, :], fewest).any() or _is_few(before ^ new, fewest).any():
        return True
    sizes = np.bitwise_count(before).sum(axis=1, dtype=np.int64)
    size = int(np.bitwise_count(new).sum(dtype=np.int64))
    for row in range(len(before)):
        one, one_size = before[row], int(sizes[row])
        later = np.arange(row + 1, len(before))
        # A person may count twice in a combination, so sizes that differ by less than twice the limit are looked at.
        joined = later[np.abs(size - one_size - sizes[later]) < 2 * fewest]  # N - A - B
        if _is_few((before[joined] ^ one ^ new) | (before[joined] & one), fewest).any():
            return True
        left = np.flatnonzero(np.abs(size + one_size - sizes) < 2 * fewest)  # N + A - B
        if _is_few((before[left] ^ one ^ new) | (one & new), fewest).any():
            return True
    return False


def _is_few(combinations: NDArray[np.uint64], fewest: int) -> NDArray[np.bool_]:
    persons = np.bitwise_count(combinations).sum(axis=1, dtype=np.int64)
    return np.asarray((persons > 0) & (persons < fewest), dtype=np.bool_)
