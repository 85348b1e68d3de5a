"""Complementary suppression: further cells of a table of counts that are blanked, so that margins give none back.

The hypercube method: for every small cell, a second cell is chosen along each dimension; the cells at the corners of
the box that they span can be raised and lowered in turn by any amount that keeps all of them at 0 or above without a
single margin changing. So who sees all margins and all cells that are shown cannot tell the small cell from any other
number in a range that is as wide as asked for.
Source : Repsilber 1994, as described in Hundepool et al. 2012, Statistical Disclosure Control, section 4.4.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def suppressed(counts: NDArray[Any], small: NDArray[np.bool_], width: int) -> NDArray[np.bool_]:
    """Which cells to blank: the small ones, and others that hide them.

    counts : persons per cell, of any number of dimensions; all sums along all dimensions count as known.
    small  : which cells may not be shown.
    width  : what is shown must leave each small cell a range of at least this many persons.
    Where no box is wide enough the whole table is blanked. A dimension with a single cell has margins that are the
    cells themselves: it is passed over, and those margins must be judged as tables of their own.
    """
    blank = np.array(small, dtype=np.bool_).reshape([side for side in counts.shape if side > 1])
    sizes = np.asarray(counts, dtype=np.int64).reshape(blank.shape)
    if blank.ndim == 0:
        return np.array(small, dtype=np.bool_)
    # The smallest first: what hides it often hides the others as well, at no further cost.
    for place in sorted(zip(*np.nonzero(blank), strict=True), key=lambda place: int(sizes[place])):
        corners = _cheapest_box(sizes, blank, place, width)
        if corners is None:
            return np.ones(counts.shape, dtype=np.bool_)
        for corner in corners:
            blank[corner] = True
    return blank.reshape(counts.shape)


def _cheapest_box(
    sizes: NDArray[np.int64], blank: NDArray[np.bool_], place: tuple[Any, ...], width: int
) -> list[tuple[int, ...]] | None:
    """Corners of the box around ``place`` that hides it and takes the fewest persons out of sight; None without one."""
    moves = list(product((False, True), repeat=sizes.ndim))
    cost = np.zeros(sizes.shape)
    lowest: list[NDArray[np.int64] | None] = [
        None,
        None,
    ]  # the smallest cell that is raised with the place, and against it
    for move in moves:
        window = tuple(slice(None) if moved else slice(at, at + 1) for moved, at in zip(move, place, strict=True))
        cells, odd = sizes[window], sum(move) % 2
        before = lowest[odd]
        lowest[odd] = cells if before is None else np.minimum(before, cells)
        cost = cost + np.where(blank[window], 0.0, cells + 1.0)  # a cell of 0 that is blanked costs something, too
    down, up = lowest[0], lowest[1]
    wide = np.zeros(sizes.shape) if down is None or up is None else np.broadcast_to(down + up, sizes.shape)
    fit = wide >= width
    for axis, at in enumerate(place):
        fit[(slice(None),) * axis + (at,)] = False  # the opposite corner differs in every dimension
    if not fit.any():
        return None
    opposite = np.unravel_index(int(np.argmin(np.where(fit, cost, np.inf))), sizes.shape)
    return [
        tuple(int(there if moved else here) for moved, here, there in zip(move, place, opposite, strict=True))
        for move in moves
    ]
