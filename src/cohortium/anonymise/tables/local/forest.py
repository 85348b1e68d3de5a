"""Hierarchies as trees in arrays, so that compiled code can ask what two values have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numba import njit

from cohortium.anonymise.tables.hierarchy import Hierarchy

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Nodes = NDArray[np.int32]
    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]

MOST_CELLS = 2_000_000
"""Columns with more pairs of nodes than this have no table of what these have in common; they climb."""


class Forest(NamedTuple):
    """One tree per column. A node is a group of values at a level that may be told; above the last such level stands
    'nowhere', the node of values that nothing allowed has in common, at an infinite loss.

    parent : (nodes,) the group of the next level that may be told.
    level  : (nodes,) as the hierarchy numbers them.
    share  : (nodes,) what a row loses that is told so, weighted by column.
    table  : least common group of every pair of nodes of a column, row after row.
    width  : (q,) length of its rows in each column; 0 where a column is too wide for a table.
    start  : (q,) where the pair (one, other) of a column's nodes stands: start + width * one + other.
    """

    parent: Nodes
    level: Nodes
    share: Floats
    start: Whole
    width: Whole
    table: Nodes


def grown(
    hierarchies: Sequence[Hierarchy], levels: Sequence[Sequence[int]], portions: Floats
) -> tuple[Forest, list[Nodes]]:
    """The forest, and per column the node of each value at the lowest level that may be told.

    levels   : per column, the levels that may be told, rising.
    portions : (q,) weights of the columns, which add up to 1.
    """
    trees = [_tree(one, allowed, portion) for one, allowed, portion in zip(hierarchies, levels, portions, strict=True)]
    width = np.array([len(parent) for parent, _, _, _ in trees], dtype=np.int64)
    first = np.cumsum([0, *width[:-1]]).astype(np.int64)
    tables = [_table(parent, level) if len(parent) ** 2 <= MOST_CELLS else None for parent, level, _, _ in trees]
    sizes = [0 if table is None else table.size for table in tables]
    start = np.cumsum([0, *sizes[:-1]]).astype(np.int64)
    wide = [0 if table is None else len(table) for table in tables]
    kept = [table.ravel() + at for table, at in zip(tables, first, strict=True) if table is not None]
    forest = Forest(
        parent=np.concatenate([parent + at for (parent, _, _, _), at in zip(trees, first, strict=True)]).astype(
            np.int32
        ),
        level=np.concatenate([level for _, level, _, _ in trees]),
        share=np.concatenate([share for _, _, share, _ in trees]),
        start=start - first * wide - first,
        width=np.array(wide, dtype=np.int64),
        table=np.concatenate([*kept, np.zeros(0, dtype=np.int32)]).astype(np.int32),
    )
    return forest, [(lowest + at).astype(np.int32) for (_, _, _, lowest), at in zip(trees, first, strict=True)]


def _tree(one: Hierarchy, levels: Sequence[int], portion: float) -> tuple[Nodes, Nodes, Floats, Nodes]:
    """Parents, levels and shares of the nodes of one column, numbered from 0, and the lowest node of each value."""
    starts = np.cumsum([0, *(len(one.labels[level]) for level in levels)])
    nowhere = int(starts[-1])
    parent = np.full(nowhere + 1, nowhere, dtype=np.int32)
    level_of = np.full(nowhere + 1, one.levels, dtype=np.int32)
    share = np.full(nowhere + 1, np.inf)
    shares = one.shares()
    nodes = [start + one.groups[level] for start, level in zip(starts, levels, strict=False)]
    for place, level in enumerate(levels):
        level_of[nodes[place]] = level
        share[nodes[place]] = portion * shares[level]
        if place + 1 < len(levels):
            parent[nodes[place]] = nodes[place + 1]
    return parent, level_of, share, nodes[0].astype(np.int32)


@njit(cache=True, nogil=True)
def _table(parent: Nodes, level: Nodes) -> Nodes:
    found = np.empty((parent.shape[0], parent.shape[0]), dtype=np.int32)
    for one in range(parent.shape[0]):
        for other in range(one + 1):
            found[one, other] = found[other, one] = _climbed(parent, level, one, other)
    return found


@njit(cache=True, nogil=True)
def _climbed(parent: Nodes, level: Nodes, one: int, other: int) -> int:
    while one != other:
        if level[one] < level[other]:
            one = parent[one]
        elif level[one] > level[other]:
            other = parent[other]
        else:
            one, other = parent[one], parent[other]
    return one


@njit(cache=True, nogil=True)
def common(forest: Forest, column: int, one: int, other: int) -> int:
    """The least common group of two nodes of a column."""
    if one == other:
        return one
    width = forest.width[column]
    if width == 0:
        return int(_climbed(forest.parent, forest.level, one, other))
    return int(forest.table[forest.start[column] + one * width + other])


@njit(cache=True, nogil=True)
def joined_loss(forest: Forest, nodes: Nodes, one: int, other: int) -> float:
    """What a row loses that is told as what two classes have in common.

    nodes : (c, q) of the classes.
    """
    lost = 0.0
    for column in range(nodes.shape[1]):
        lost += float(forest.share[common(forest, column, nodes[one, column], nodes[other, column])])
    return lost


@njit(cache=True, nogil=True)
def join(forest: Forest, nodes: Nodes, one: int, other: int) -> float:
    """Raise the nodes of class ``one`` to what it has in common with ``other``; what a row loses there."""
    lost = 0.0
    for column in range(nodes.shape[1]):
        nodes[one, column] = common(forest, column, nodes[one, column], nodes[other, column])
        lost += forest.share[nodes[one, column]]
    return lost
