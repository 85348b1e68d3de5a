"""Trees grown level by level from sums over nodes, features and bins: the kernels of federated forests.

Nodes of all trees stand in one list; a node's children are given by their place in it. What a split looks at are whole
numbers (counts, and scores in whole units), so that sums do not depend on the order in which they were added.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Integers = NDArray[np.int64]


class Nodes(NamedTuple):
    """Nodes of one or more trees: ``feature`` (-1 in a leaf), ``cut`` and the places of both children."""

    feature: NDArray[np.int32]
    cut: NDArray[np.uint8]
    left: NDArray[np.int32]
    right: NDArray[np.int32]


@njit(cache=True, nogil=True)
def leaves_of(ranks: NDArray[np.uint8], nodes: Nodes, root: int) -> NDArray[np.int32]:
    """The leaf (n,) under ``root`` that each row of feature ``ranks`` (n, q) falls into."""
    answer = np.empty(ranks.shape[0], np.int32)
    for row in range(ranks.shape[0]):
        node = root
        while nodes.feature[node] >= 0:
            node = nodes.left[node] if ranks[row, nodes.feature[node]] <= nodes.cut[node] else nodes.right[node]
        answer[row] = node
    return answer


@njit(cache=True, nogil=True)
def add_rows(
    ranks: NDArray[np.uint8],
    offset: Integers,
    target: NDArray[np.uint8],
    scores: Integers,
    leaf: NDArray[np.int32],
    chosen: NDArray[np.bool_],
    place: Integers,
    sums: Integers,
) -> None:
    """Add the ``chosen`` rows to the sums of the leaves that they lie in.

    ranks  : (n, q) features; offset : (q + 1,) where each feature's bins begin.
    target : (n,) bins of the target; scores : (width, t) of each, in whole units.
    place  : (nodes,) where the sums of a node begin, or -1: t sums of squares, then count and t sums for each bin.
    """
    features, n_scores = ranks.shape[1], scores.shape[1]
    for row in range(len(leaf)):
        start = place[leaf[row]]
        if start < 0 or not chosen[row]:
            continue
        own = scores[target[row]]
        for t in range(n_scores):
            sums[start + t] += own[t] * own[t]
        start += n_scores
        for f in range(features):
            cell = start + (offset[f] + ranks[row, f]) * (n_scores + 1)
            sums[cell] += 1
            for t in range(n_scores):
                sums[cell + 1 + t] += own[t]


@njit(cache=True, nogil=True)
def best_split(
    sums: Integers,
    offset: Integers,
    unit: NDArray[np.float64],
    smallest: int,
    evidence: NDArray[np.float64],
    favour: NDArray[np.float64],
) -> tuple[int, int, int, int]:
    """Feature (-1 for none), cut, and the rows left and right of the best split of one node.

    sums : as ``add_rows`` makes them for the node; unit : (t,) what one whole unit of each score is worth.
    The criterion is that of :func:`cohortium.numerics.histogram_trees.grow`.
    """
    n_scores = len(unit)
    cells = sums[n_scores:].reshape(-1, n_scores + 1)
    count = cells[: offset[1], 0].sum()
    best, best_feature, best_cut, best_left = 0.0, -1, 0, 0
    if count < 2 * smallest:
        return best_feature, best_cut, best_left, count
    total, running = np.zeros(n_scores), np.zeros(n_scores)
    whole, spread, fourth = 0.0, 0.0, 0.0
    for t in range(n_scores):
        total[t] = cells[: offset[1], t + 1].sum() * unit[t]
        whole += total[t] * total[t] / count
        variance = (sums[t] * unit[t] * unit[t] - total[t] * total[t] / count) / count
        spread += variance
        fourth += variance * variance
    if spread <= 1e-9:
        return best_feature, best_cut, best_left, count
    ninth = 2.0 * fourth / (9.0 * spread * spread)
    for f in range(len(offset) - 1):
        by_chance = spread * (1.0 - ninth + evidence[f] * np.sqrt(ninth)) ** 3
        left = 0
        running[:] = 0.0
        for b in range(offset[f], offset[f + 1] - 1):
            if cells[b, 0] == 0:
                continue
            left += cells[b, 0]
            for t in range(n_scores):
                running[t] += cells[b, t + 1] * unit[t]
            if left < smallest:
                continue
            if count - left < smallest:
                break
            explained = -whole
            for t in range(n_scores):
                rest = total[t] - running[t]
                explained += running[t] * running[t] / left + rest * rest / (count - left)
            beyond = (explained - by_chance) * favour[f]
            if beyond > best:
                best, best_feature, best_cut, best_left = beyond, f, b - offset[f], left
    return best_feature, best_cut, best_left, count - best_left


@njit(cache=True, nogil=True)
def depth_first(nodes: Nodes, root: int) -> tuple[Integers, NDArray[np.int32], NDArray[np.int32]]:
    """The nodes (m,) of one tree, each before its left and then its right children; new right child and parent."""
    limit = len(nodes.feature)
    order, right, parent = np.empty(limit, np.int64), np.zeros(limit, np.int32), np.full(limit, -1, np.int32)
    waiting, above = np.empty(limit, np.int64), np.empty(limit, np.int32)
    waiting[0], above[0] = root, -1
    height, found = 1, 0
    while height > 0:
        height -= 1
        node, up = waiting[height], above[height]
        order[found], parent[found] = node, up
        if up >= 0 and found != up + 1:
            right[up] = found
        if nodes.feature[node] >= 0:
            waiting[height], above[height] = nodes.right[node], found
            waiting[height + 1], above[height + 1] = nodes.left[node], found
            height += 2
        found += 1
    return order[:found].copy(), right[:found].copy(), parent[:found].copy()
