"""Nodes that two columns alone rule out, before anything else is counted.

Two columns at given levels, with all others hidden, are a node of the lattice. Their table of counts is small, and is
rolled up from level to level; where it already has too many rows in classes that are too small, every node at or below
has, too. The levels that two columns allow are bounded by a staircase, which is walked once.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from cohortium.anonymise.tables.models.k_anonymity import KAnonymity
from cohortium.anonymise.tables.search.question import Question

if TYPE_CHECKING:
    from numpy.typing import NDArray

USEFUL_BELOW = 0.5
"""Where more rows than this share may be left out, two columns alone hardly rule anything out."""
MOST_CELLS = 4_000_000


def rule_out_by_pairs(question: Question, bounds: NDArray[np.float64]) -> None:
    """Set the bounds (all nodes,) to infinity that a pair of columns rules out under k-anonymity."""
    needed = [model.k for model in question.classes if isinstance(model, KAnonymity)]
    if not needed or question.suppression >= USEFUL_BELOW or question.tuples.persons is not None:
        return
    for first, second in combinations(range(len(question.hierarchies)), 2):
        cells = len(question.hierarchies[first].values) * len(question.hierarchies[second].values)
        if cells <= MOST_CELLS:
            _walk(question, first, second, max(needed), bounds)


def _walk(question: Question, first: int, second: int, k: int, bounds: NDArray[np.float64]) -> None:
    """Down the staircase: as the first column is told more exactly, the second must be told less so."""
    one, other = question.hierarchies[first], question.hierarchies[second]
    lattice, tuples = question.lattice, question.tuples
    table = _counted(tuples.codes, tuples.counts, first, second, len(one.values), len(other.values))
    deeper = lattice.least[second]
    for level in range(lattice.greatest[first], lattice.least[first] - 1, -1):
        rolled = _rolled(table, one.groups[level], len(one.labels[level]))
        while deeper <= lattice.greatest[second]:
            if _too_few(rolled, other.groups[deeper], len(other.labels[deeper]), k) <= question.most_left_out:
                break
            deeper += 1
        if deeper > lattice.least[second]:
            node = lattice.top
            node[first], node[second] = level, deeper - 1
            lattice.rule_out_below(bounds, node)


@njit(cache=True, nogil=True)
def _counted(
    codes: NDArray[np.int32], counts: NDArray[np.int64], first: int, second: int, height: int, width: int
) -> NDArray[np.int64]:
    table = np.zeros((height, width), dtype=np.int64)
    for one in range(codes.shape[0]):
        table[codes[one, first], codes[one, second]] += counts[one]
    return table


@njit(cache=True, nogil=True)
def _rolled(table: NDArray[np.int64], groups: NDArray[np.int32], number: int) -> NDArray[np.int64]:
    """Rows of a table added up by group (number, width)."""
    out = np.zeros((number, table.shape[1]), dtype=np.int64)
    for one in range(table.shape[0]):
        for other in range(table.shape[1]):
            out[groups[one], other] += table[one, other]
    return out


@njit(cache=True, nogil=True)
def _too_few(table: NDArray[np.int64], groups: NDArray[np.int32], number: int, k: int) -> np.int64:
    """How many rows are in cells of fewer than k, once the columns of a table are added up by group."""
    rows = np.int64(0)
    cells = np.zeros(number, dtype=np.int64)
    for one in range(table.shape[0]):
        cells[:] = 0
        for other in range(table.shape[1]):
            cells[groups[other]] += table[one, other]
        for cell in cells:
            if cell < k:
                rows += cell
    return rows
