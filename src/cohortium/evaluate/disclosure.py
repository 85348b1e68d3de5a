"""The rule that keeps single persons out of what the metrics show beside their number."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEWEST = 10
"""Fewer persons than these are never counted out: such a cell is pooled, rounded away or left out."""

SMALL_SUBGROUP = 30
"""Subgroups with fewer real persons than these are named as too small, without a number."""


def rounded_counts(counts: NDArray[np.float64] | NDArray[np.int64]) -> NDArray[np.float64]:
    """Counts of persons at the nearest multiple of ten."""
    return np.floor(np.asarray(counts, dtype=np.float64) / FEWEST + 0.5) * FEWEST


def rounded_down(value: float) -> float:
    """A positive value cut to two significant digits, so that it is nobody's."""
    if value <= 0:
        return value
    size = 10.0 ** (math.floor(math.log10(value)) - 1)
    return math.floor(value / size) * size


def round_step(width: float) -> float:
    """The round number (1, 2, 2.5 or 5 times a power of ten) nearest to a positive ``width``: for cuts that are
    nobody's value."""
    size = 10.0 ** math.floor(math.log10(width))
    return size * min((1.0, 2.0, 2.5, 5.0, 10.0), key=lambda factor: abs(math.log(factor * size / width)))
