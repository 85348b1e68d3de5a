"""Discernibility: from how many others a row cannot be told apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def discernibility(class_rows: NDArray[np.int64], left_out: int) -> float:
    """The sum over rows of the size of their class, a row that is left out counting all rows; lower is better.

    class_rows : (c,) rows of every class that leaves.
    left_out   : rows that do not leave.
    Source     : Bayardo and Agrawal 2005, ICDE.
    """
    sizes = class_rows.astype(np.float64)
    return float(sizes @ sizes + left_out * (sizes.sum() + left_out))
