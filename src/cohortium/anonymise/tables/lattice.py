"""All ways to choose a level per column, from everything exact to everything hidden."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from cohortium.errors import InvalidRequest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Node = NDArray[np.int64]

MOST_NODES = 20_000_000


@dataclass(frozen=True)
class Lattice:
    """The nodes (q,) between the least and the greatest level allowed in every column.

    least, greatest : (q,) levels.
    """

    least: tuple[int, ...]
    greatest: tuple[int, ...]

    def __post_init__(self) -> None:
        if any(low > high or low < 0 for low, high in zip(self.least, self.greatest, strict=True)):
            raise InvalidRequest("The least level allowed in a column must be 0 or more, and at most the greatest.")

    @classmethod
    def of(cls, levels: Sequence[int]) -> Lattice:
        """All levels of all columns."""
        return cls((0,) * len(levels), tuple(level - 1 for level in levels))

    @cached_property
    def size(self) -> int:
        """How many nodes there are."""
        found = 1
        for low, high in zip(self.least, self.greatest, strict=True):
            found *= high - low + 1
        return found

    @cached_property
    def widths(self) -> Node:
        """(q,) how many levels are allowed in each column."""
        allowed = [high - low + 1 for low, high in zip(self.least, self.greatest, strict=True)]
        return np.array(allowed, dtype=np.int64)

    @property
    def top(self) -> Node:
        """The most general node."""
        return np.array(self.greatest, dtype=np.int64)

    def node(self, place: int) -> Node:
        """The node at a place in the order of ``place``."""
        levels = np.unravel_index(place, tuple(self.widths))
        return np.array([level + low for level, low in zip(levels, self.least, strict=True)], dtype=np.int64)

    def place(self, node: Node) -> int:
        """The place of a node among all."""
        return int(np.ravel_multi_index(tuple(node - np.array(self.least)), tuple(self.widths)))

    def sums(self, losses: Floats) -> Floats:
        """(size,) of every node, the sum over columns of what ``losses`` (q, levels) holds at its levels."""
        total = np.zeros(1)
        for column, (low, high) in enumerate(zip(self.least, self.greatest, strict=True)):
            total = np.add.outer(total, losses[column, low : high + 1]).ravel()
        return total

    def raise_below(self, bounds: Floats, node: Node, losses: Floats) -> None:
        """Lift ``bounds`` (size,) of all nodes at or below ``node`` to the sum of ``losses`` at their levels."""
        least = np.array(self.least, dtype=np.int64)
        _raise_below(bounds, node - least, self.widths, least, losses)

    def rule_out_below(self, bounds: Floats, node: Node) -> None:
        """Set ``bounds`` (size,) of all nodes at or below ``node`` to infinity."""
        box = tuple(slice(0, level - low + 1) for level, low in zip(node, self.least, strict=True))
        bounds.reshape(tuple(self.widths))[box] = np.inf


@njit(cache=True, nogil=True)
def _raise_below(bounds: Floats, upper: Node, widths: Node, least: Node, losses: Floats) -> None:
    columns = widths.shape[0]
    at = np.zeros(columns, dtype=np.int64)
    while True:
        place, value = np.int64(0), 0.0
        for column in range(columns):
            place = place * widths[column] + at[column]
            value += losses[column, least[column] + at[column]]
        bounds[place] = max(bounds[place], value)
        column = columns - 1
        while column >= 0:
            at[column] += 1
            if at[column] <= upper[column]:
                break
            at[column] = 0
            column -= 1
        if column < 0:
            return
