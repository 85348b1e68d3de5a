"""Ambiguity: how many different rows of the original kind could stand behind a row that leaves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cohortium.anonymise.tables.hierarchy import Hierarchy
from cohortium.anonymise.tables.recoding import Recoding
from cohortium.anonymise.tables.tuples import Tuples


def ambiguity(recoding: Recoding, tuples: Tuples, hierarchies: Sequence[Hierarchy]) -> float:
    """The mean over rows of the product over columns of how many values a told value stands for; 1 is best.

    Of a row that is left out, any value could stand in every column.

    Source : Goldberger and Tassa 2010, Trans. Data Privacy 3(2), 149-175 (there as AM).
    """
    logs = np.zeros(len(tuples))
    for column, one in enumerate(hierarchies):
        sizes = np.array([np.bincount(row)[row] for row in one.groups])
        told = sizes[recoding.levels[:, column].astype(np.int64), tuples.codes[:, column]]
        logs += np.log(np.where(recoding.left_out, len(one.values), told))
    return float(tuples.counts @ np.exp(logs) / tuples.rows)
