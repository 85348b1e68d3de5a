"""Two heaps of one shape, a known factor apart: what mixed units look like."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEWEST = 100
_GRID = 512
_CLOSE = 0.12
"""How far, on the scale of natural logarithms, a ratio may lie from a factor."""
_VALLEY = 0.4
"""Depth of the valley between two heaps, as a share of the lower one's height."""


def split_by_factor(values: NDArray[np.float64], factors: tuple[float, ...], least: float) -> tuple[int, float] | None:
    """Size of the smaller of two heaps of the ascending ``values`` > 0 that lie a factor apart, and that factor.

    least : share of all values that the smaller heap holds at least; it has fifteen values in any case.
    None where the logarithms have one heap, or heaps of other shape or distance.
    """
    logs = np.log(values)
    grid, density = _smoothed(logs)
    if not len(grid):
        return None
    peaks = np.flatnonzero((density[1:-1] > density[:-2]) & (density[1:-1] >= density[2:])) + 1
    if len(peaks) < 2:
        return None
    main = int(peaks[np.argmax(density[peaks])])
    parts = [_parts(logs, grid, density, main, int(other)) for other in peaks if other != main]
    large = [part for part in parts if part is not None and min(map(len, part)) >= max(15, least * len(logs))]
    found = [(min(map(len, part)), _factor_between(*part, factors)) for part in large]
    return max(((size, factor) for size, factor in found if factor is not None), default=None)


def _smoothed(logs: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Places and heights of a Gaussian kernel density, the width by Silverman's rule on the middle half."""
    quarter, three = np.quantile(logs, (0.25, 0.75))
    width = 0.9 * float(three - quarter) / 1.34 * len(logs) ** -0.2
    span = float(logs[-1] - logs[0])
    if width <= 0 or span <= 0:
        return np.empty(0), np.empty(0)
    low, high = logs[0] - 3 * width, logs[-1] + 3 * width
    counts, edges = np.histogram(logs, _GRID, (low, high))
    step = edges[1] - edges[0]
    reach = min(int(np.ceil(4 * width / step)), _GRID // 2 - 1)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) * step / width) ** 2)
    return (edges[:-1] + edges[1:]) / 2, np.convolve(counts, kernel / kernel.sum(), "same")


def _parts(
    logs: NDArray[np.float64], grid: NDArray[np.float64], density: NDArray[np.float64], main: int, other: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """The values on either side of the valley between two peaks; None where it is not deep."""
    first, last = sorted((main, other))
    valley = first + int(np.argmin(density[first : last + 1]))
    if density[valley] > _VALLEY * min(density[main], density[other]):
        return None
    cut = int(np.searchsorted(logs, grid[valley]))
    return logs[:cut], logs[cut:]


def _factor_between(low: NDArray[np.float64], high: NDArray[np.float64], factors: tuple[float, ...]) -> float | None:
    """The factor that explains the distance between two heaps of one shape, if one does."""
    spreads = [float(np.subtract(*np.quantile(part, (0.9, 0.1)))) for part in (low, high)]
    if min(spreads) <= 0 or max(spreads) > 2.5 * min(spreads):
        return None
    apart = float(np.median(high) - np.median(low))
    factor = min(factors, key=lambda one: abs(apart - np.log(one)))
    return factor if abs(apart - np.log(factor)) < _CLOSE else None
