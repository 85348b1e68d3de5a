"""Lines around the densest parts of a binned cloud of points."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Segment = tuple[tuple[float, float], tuple[float, float]]
_KERNEL = np.array([1.0, 4.0, 6.0, 4.0, 1.0]) / 16

# Which sides of a cell the line crosses, for each pattern of corners above the level (bits: 1 at (0, 0), 2 at (1, 0),
# 4 at (1, 1), 8 at (0, 1)); sides: 0 from (0, 0) to (1, 0), 1 from (1, 0) to (1, 1), 2 from (0, 1) to (1, 1), 3 from
# (0, 0) to (0, 1).
_CROSSED: dict[int, tuple[tuple[int, int], ...]] = {
    1: ((3, 0),), 2: ((0, 1),), 3: ((3, 1),), 4: ((1, 2),), 5: ((3, 0), (1, 2)), 6: ((0, 2),), 7: ((3, 2),),
    8: ((2, 3),), 9: ((2, 0),), 10: ((0, 1), (2, 3)), 11: ((2, 1),), 12: ((1, 3),), 13: ((1, 0),), 14: ((0, 3),),
}  # fmt: skip
_ENDS = (((0, 0), (1, 0)), ((1, 0), (1, 1)), ((0, 1), (1, 1)), ((0, 0), (0, 1)))


def refined(counts: NDArray[np.float64], finest: int) -> NDArray[np.float64]:
    """``counts`` (a, b) on a grid of up to ``finest`` bins a side, by linear interpolation."""
    for axis in (0, 1):
        bins = counts.shape[axis]
        times = max(finest // bins, 1)
        places = (np.arange(bins * times) + 0.5) / times - 0.5
        counts = np.apply_along_axis(lambda line: np.interp(places, np.arange(bins), line), axis, counts)  # noqa: B023
    return counts


def smoothed(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shares (a, b) after a five-point binomial blur along both axes, which a line through sparse bins needs."""
    total = counts.sum()
    padded = np.pad(counts / total if total else counts, 2)
    rows = sum(_KERNEL[shift] * padded[shift : shift + counts.shape[0]] for shift in range(5))
    blurred = sum(_KERNEL[shift] * np.asarray(rows)[:, shift : shift + counts.shape[1]] for shift in range(5))
    return np.asarray(blurred, dtype=np.float64)


def level_holding(density: NDArray[np.float64], share: float) -> float:
    """The density above which ``share`` of the mass lies."""
    ordered = np.sort(density.ravel())[::-1]
    held = np.cumsum(ordered)
    return float(ordered[min(int(np.searchsorted(held, share * held[-1])), len(ordered) - 1)])


def contour(density: NDArray[np.float64], level: float) -> list[Segment]:
    """Segments of the line at ``level``, in units of bins, through bin centres; closed by an empty border.

    Source : marching squares with linear interpolation.
    """
    field = np.pad(density, 1)
    above = field > level
    pattern = above[:-1, :-1] + 2 * above[1:, :-1] + 4 * above[1:, 1:] + 8 * above[:-1, 1:]
    segments: list[Segment] = []
    for row, column in zip(*np.nonzero((pattern > 0) & (pattern < 15)), strict=True):
        for one, other in _CROSSED[int(pattern[row, column])]:
            segments.append((_cross(field, level, row, column, one), _cross(field, level, row, column, other)))
    return segments


def _cross(field: NDArray[np.float64], level: float, row: int, column: int, side: int) -> tuple[float, float]:
    (a, b), (c, d) = _ENDS[side]
    low, high = field[row + a, column + b], field[row + c, column + d]
    share = 0.5 if low == high else (level - low) / (high - low)
    # The padding shifts by one bin, and a bin's centre lies half a bin inside.
    return float(row + a + share * (c - a) - 0.5), float(column + b + share * (d - b) - 0.5)
