"""An order of combinations in which those that have much in common stand near one another, cut into blocks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from cohortium.anonymise.tables.hierarchy import Hierarchy

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Whole = NDArray[np.int64]


def specialised_order(
    codes: NDArray[np.int32],
    rows: Whole,
    hierarchies: Sequence[Hierarchy],
    portions: NDArray[np.float64],
    turn: int = 0,
) -> Whole:
    """(t,) the combinations ordered as they fall apart when one column after another is told a level more exactly.

    The next column is the one that all rows gain most from. It is top-down specialisation, made at once: combinations
    that part late stand together.

    turn : columns that are set back to the end, so that several orders have different neighbours.
    """
    shares = [one.shares() for one in hierarchies]
    held = [np.bincount(codes[:, c], weights=rows, minlength=share.shape[1]) for c, share in enumerate(shares)]
    losses = [portion * (share @ there) for portion, share, there in zip(portions, shares, held, strict=True)]
    levels = [one.levels - 1 for one in hierarchies]
    keys = []
    while any(levels):
        gains = [losses[c][level] - losses[c][level - 1] if level else -np.inf for c, level in enumerate(levels)]
        for back in range(turn):
            column = (turn + back) % len(levels)
            gains[column] = gains[column] - 2 * sum(portions) * rows.sum() if levels[column] else -np.inf
        column = int(np.argmax(gains))
        levels[column] -= 1
        keys.append(hierarchies[column].groups[levels[column]][codes[:, column]])
    return np.lexsort(keys[::-1]).astype(np.int64) if keys else np.arange(len(rows))


def cut(number: int, size: int) -> Whole:
    """Where blocks of about ``size`` begin among ``number`` places, and the end."""
    blocks = max(round(number / size), 1)
    return np.linspace(0, number, blocks + 1).astype(np.int64)
