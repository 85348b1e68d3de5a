"""Average class size: how much larger classes are than the privacy model asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cohortium.errors import NotApplicable

if TYPE_CHECKING:
    from numpy.typing import NDArray


def average_class_size(class_rows: NDArray[np.int64], k: int = 1) -> float:
    """Rows that leave per class, over the k that was asked for: 1 is the best possible; lower is better.

    class_rows : (c,) rows of every class that leaves.
    Raises     : NotApplicable where nothing leaves.
    Source     : LeFevre, DeWitt and Ramakrishnan 2006, ICDE (C_AVG).
    """
    if not len(class_rows):
        raise NotApplicable("Nothing leaves, so there are no classes to take the average size of.")
    return float(class_rows.mean() / k)
