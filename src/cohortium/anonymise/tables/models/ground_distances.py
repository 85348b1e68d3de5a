"""The earth mover's distance between a class and the whole table, for three distances between values.

``gaps`` (c, levels) are the shares of each level in a class less those in the whole table. Distances are from 0 to 1.

Source : Li, Li and Venkatasubramanian 2007, ICDE.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]


def equal_distance(gaps: Reals) -> Reals:
    """(c,) where every value is as far from every other: half the sum of what differs."""
    return np.asarray(np.abs(gaps).sum(axis=1) / 2)


def ordered_distance(gaps: Reals) -> Reals:
    """(c,) where values are as far as their places in an order (the columns of ``gaps``), the ends at distance 1."""
    steps = max(gaps.shape[1] - 1, 1)
    return np.asarray(np.abs(np.cumsum(gaps, axis=1)[:, :-1]).sum(axis=1) / steps)


def hierarchical_distance(gaps: Reals, groups: NDArray[np.int32]) -> Reals:
    """(c,) where values are as far as the level at which they fall together, of all levels.

    groups : (height + 1, levels) the group of every value, from itself to one that holds all.

    What the parts of a group have too much and too little is evened out within the group; the rest is left to the group
    above it.
    """
    height = len(groups) - 1
    total = np.zeros(len(gaps))
    for level in range(1, height + 1):
        below, first = np.unique(groups[level - 1], return_index=True)
        parts = _summed(gaps, np.searchsorted(below, groups[level - 1]), len(below))
        above = np.unique(groups[level][first], return_inverse=True)[1].reshape(-1)
        much = _summed(np.maximum(parts, 0), above, int(above.max()) + 1)
        little = _summed(np.maximum(-parts, 0), above, int(above.max()) + 1)
        total += level / height * np.minimum(much, little).sum(axis=1)
    return total


def _summed(values: Reals, groups: NDArray[np.int64], number: int) -> Reals:
    """Columns of (c, values) added up by group (c, number)."""
    found = np.zeros((values.shape[0], number))
    for place, group in enumerate(groups):
        found[:, group] += values[:, place]
    return found
