"""Precision: how far below the top of its hierarchy a value is told, on average."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cohortium.anonymise.tables.hierarchy import Hierarchy
from cohortium.anonymise.tables.recoding import Recoding
from cohortium.anonymise.tables.tuples import Tuples


def precision(recoding: Recoding, tuples: Tuples, hierarchies: Sequence[Hierarchy]) -> float:
    """From 0 (all hidden or left out) to 1 (all exact): 1 less the mean of level / most general level.

    It counts levels, so it depends on how many of them a hierarchy has; ``information_loss`` counts values.

    Source : Sweeney 2002, Int. J. Uncertainty, Fuzziness and Knowledge-Based Systems 10(5), 571-588.
    """
    tops = np.array([max(one.levels - 1, 1) for one in hierarchies])
    exact = (1 - recoding.levels / tops).mean(axis=1) * ~recoding.left_out
    return float(tuples.counts @ exact / tuples.rows)
