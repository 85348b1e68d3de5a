"""Cells of the nodes that a sum is asked for: persons, and what is learnt from, in each bin of each feature."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.analyse.trees.nodes import tree_leaves
from cohortium.numerics.tree_levels import add_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cohortium.analyse.trees.nodes import Arrays


def add_to_cells(
    arrays: Arrays,
    widths: NDArray[np.int64],
    bins: NDArray[np.uint8],
    counted: NDArray[np.bool_],
    marks: Callable[[int], NDArray[np.int64]],
    weights: Callable[[int], NDArray[np.uint8]],
    marked: int,
) -> NDArray[np.int64]:
    """One site's cells (cells, 1 + t) of the nodes asked for; marks and weights are those of a tree."""
    starts, size = _cell_starts(arrays["chosen"], widths)
    cells = np.zeros((size, 1 + marked), dtype=np.int64)
    slot = np.full(len(arrays["feature"]), -1, dtype=np.int64)
    slot[arrays["asked"]] = np.arange(len(arrays["asked"]))
    for tree in np.unique(arrays["tree"][arrays["asked"]]).tolist():
        leaf = tree_leaves(arrays, bins, tree)
        add_rows(bins, leaf, weights(tree), counted, marks(tree), slot, arrays["chosen"], starts, cells)
    return cells


def cell_sums(cells: NDArray[np.int64]) -> Arrays:
    """Cells as they leave a site: persons, to which the rules on small cells apply, and marks."""
    return {"cell_persons": cells[:, 0], "cell_marks": cells[:, 1:]}


def total_cells(total: Mapping[str, NDArray[Any]]) -> NDArray[np.int64]:
    """The cells (cells, 1 + t) that ``cell_sums`` took apart."""
    return np.concatenate([total["cell_persons"][:, None], total["cell_marks"]], axis=1)


def cells_of_open(arrays: Arrays, cells: NDArray[np.int64], widths: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """The cells (cells, 1 + t) of each open node, from those that were asked for and what their parents had."""
    sizes = widths[arrays["chosen"]].sum(axis=1)
    asked = np.split(cells, np.cumsum(sizes)[:-1])
    found = []
    for own, parent in zip(arrays["own"], arrays["parent"], strict=True):
        size = sizes[own]
        found.append(asked[own] if parent < 0 else arrays["parents"][parent : parent + size] - asked[own])
    return found


def _cell_starts(chosen: NDArray[np.int32], widths: NDArray[np.int64]) -> tuple[NDArray[np.int64], int]:
    """Where the cells of each asked node and feature (asked, q) begin, and how many cells there are."""
    sizes = widths[chosen]
    ends = np.cumsum(sizes.ravel())
    return (ends - sizes.ravel()).reshape(sizes.shape), int(ends[-1]) if len(ends) else 0
