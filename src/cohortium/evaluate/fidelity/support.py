"""Whether the rows of one table lie where the rows of another do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cohortium.errors import TooFewRecords
from cohortium.evaluate.comparison import Comparison
from cohortium.numerics.neighbours import coordinates, nearest

if TYPE_CHECKING:
    from numpy.typing import NDArray

NEIGHBOURS = 5
_MOST_ROWS = 3_000
_MOST_COLUMNS = 300


def points(pair: Comparison, rng: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Equally many real and synthetic rows, at most 3,000, as points of one space.

    Raises : TooFewRecords where fewer than ten of either are there.
    """
    n = min(len(pair.real), len(pair.synthetic), _MOST_ROWS)
    if n < 2 * NEIGHBOURS:
        raise TooFewRecords(f"Neighbourhoods need at least {2 * NEIGHBOURS} real and synthetic rows; there are {n}.")
    columns = np.arange(len(pair.encoded.names))
    if len(columns) > _MOST_COLUMNS:
        columns = np.sort(rng.choice(columns, _MOST_COLUMNS, replace=False))
    parts = [
        matrix[rng.permutation(len(matrix))[:n]][:, columns] for matrix in (pair.real_matrix, pair.synthetic_matrix)
    ]
    found = coordinates(parts, pair.encoded.nominal[columns], pair.real_matrix[:, columns]).values
    return found[0], found[1]


def reached(centres: NDArray[np.float32], others: NDArray[np.float32]) -> tuple[int, int]:
    """How many centres have another table's row at least as near as their own fifth neighbour, and out of how many."""
    own, _ = nearest(centres, centres, NEIGHBOURS + 1)  # the nearest is the row itself
    across, _ = nearest(centres, others, 1)
    return int((across[:, 0] <= own[:, NEIGHBOURS]).sum()), len(centres)
