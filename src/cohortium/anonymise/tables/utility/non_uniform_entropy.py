"""Non-uniform entropy: how hard it is to guess, from what is told, the value that was there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cohortium.anonymise.tables.hierarchy import Hierarchy
from cohortium.anonymise.tables.recoding import Recoding
from cohortium.anonymise.tables.tuples import Tuples


def non_uniform_entropy(recoding: Recoding, tuples: Tuples, hierarchies: Sequence[Hierarchy]) -> float:
    """From 0 (nothing is lost) to 1 (all hidden or left out): the share of the columns' entropy that is lost.

    A value of frequency f, told as a group of frequency g, loses -log(f / g); one that is left out loses -log(f). To
    merge a frequent value with a rare one costs little, as the frequent one is easily guessed. Of columns that hold one
    value alone it is 0.

    Source : Gionis and Tassa 2009, IEEE Trans. Knowledge and Data Engineering 21(2), 206-219.
    """
    lost = whole = 0.0
    for column, one in enumerate(hierarchies):
        codes, levels = tuples.codes[:, column], recoding.levels[:, column].astype(np.int64)
        frequencies = np.bincount(codes, weights=tuples.counts, minlength=len(one.values))
        groups = np.array([np.bincount(row, weights=frequencies)[row] for row in one.groups])
        hidden = np.log(tuples.rows / frequencies[codes])
        told = np.log(groups[levels, codes] / frequencies[codes])
        whole += float(tuples.counts @ hidden)
        lost += float(tuples.counts @ np.where(recoding.left_out, hidden, told))
    return lost / whole if whole > 0 else 0.0
