"""What a class gives away without anybody being found in it: a sensitive value that all of its rows share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cohortium.anonymise.risk.person_classes import PersonClasses

if TYPE_CHECKING:
    from numpy.typing import NDArray


def single_valued_share(classes: PersonClasses, sensitive: NDArray[np.int32]) -> float:
    """Share of persons with a row in a class of several persons whose rows all have one sensitive value.

    sensitive : codes (n,) of the column's values, -1 where missing.
    Source    : the homogeneity attack, Machanavajjhala et al. 2007, ACM TKDD 1(1), section 2.
    """
    number = len(classes.sizes)
    least, most = np.full(number, np.iinfo(np.int32).max, np.int32), np.full(number, -1, np.int32)
    np.minimum.at(least, classes.of_row, sensitive)
    np.maximum.at(most, classes.of_row, sensitive)
    opened = (least == most) & (classes.sizes > 1)
    return float((classes.worst(opened.astype(np.float64)) > 0).mean())
