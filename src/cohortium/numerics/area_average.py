"""Images brought to another size by the mean over the area that each new pixel covers."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]


def area_average(image: NDArray[Any], height: int, width: int) -> Reals:
    """``image`` (rows, columns, channels) as (height, width, channels); the proportions of its sides may change.

    An old pixel that lies under several new ones counts in each by the part that lies there.
    """
    down, across = _covered(image.shape[0], height), _covered(image.shape[1], width)
    rows = np.tensordot(down, image.astype(np.float64), axes=(1, 0))
    found: Reals = np.tensordot(rows, across, axes=(1, 1)).transpose(0, 2, 1)
    return found


@lru_cache(maxsize=64)
def _covered(before: int, after: int) -> Reals:
    """What part (after, before) of each new pixel's length each old one fills."""
    ends = np.arange(after + 1) * (before / after)
    starts = np.arange(before)
    shared = np.minimum(ends[1:, None], starts + 1) - np.maximum(ends[:-1, None], starts)
    found: Reals = np.maximum(shared, 0.0) * (after / before)
    return found
