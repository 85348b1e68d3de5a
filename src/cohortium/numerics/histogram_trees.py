"""Trees grown on binned columns from counts and sums alone.

A tree partitions rows by their bins so that the *scores* of a target (a few orthonormal functions of its bin) differ
as much as possible between the parts. Everything that growth looks at is, per node, feature and bin, a count and a sum
of scores: additive over rows, hence over hospitals.

Bins are uint8, bin 0 is "missing". A split sends ``bin <= cut`` to the left. Nodes are numbered depth first, so the
left child of node v is v + 1 and the rows under any node are one run once rows are sorted by leaf.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray


@njit(cache=True, nogil=True)
def grow(
    bins: NDArray[np.uint8],
    widths: NDArray[np.int64],
    scores: NDArray[np.float32],
    rows: NDArray[np.int64],
    smallest: int,
    evidence: NDArray[np.float64],
    deepest: int,
    favour: NDArray[np.float64],
) -> tuple[NDArray[np.int16], NDArray[np.uint8], NDArray[np.int32], NDArray[np.int32]]:
    """One tree on ``rows``.

    bins       : (n, q) feature bins; widths : (q,) number of bins per feature.
    scores     : (n, t) orthonormal functions of the target's bin.
    smallest   : fewest rows that a child may have.
    evidence   : (q,) how far beyond a random split's, in its standard deviations, a feature's split must explain.
    favour     : (q,) factor on what a feature's splits explain beyond that, above 1 for features that must not be lost.
    Returns    : feature (-1 in a leaf), cut, right child, parent; one entry per node.

    What a random split explains is a weighted sum of chi-squares, one per score; it is taken as one chi-square with
    the same mean and variance (Satterthwaite 1946), whose quantile follows Wilson and Hilferty (1931).
    """
    n_features = bins.shape[1]
    n_scores = scores.shape[1]
    offset = np.zeros(n_features + 1, np.int64)
    for f in range(n_features):
        offset[f + 1] = offset[f] + widths[f]
    limit = max(1, 2 * (len(rows) // max(1, smallest)) + 1)
    feature = np.full(limit, -1, np.int16)
    cut = np.zeros(limit, np.uint8)
    right = np.zeros(limit, np.int32)
    parent = np.full(limit, -1, np.int32)
    order = rows.copy()
    spare = np.empty_like(order)
    sums = np.zeros((offset[n_features], n_scores + 1))
    total = np.zeros(n_scores)
    squares = np.zeros(n_scores)
    running = np.zeros(n_scores)

    stack_start = np.empty(limit, np.int64)
    stack_stop = np.empty(limit, np.int64)
    stack_depth = np.empty(limit, np.int64)
    stack_parent = np.empty(limit, np.int32)
    stack_start[0], stack_stop[0], stack_depth[0], stack_parent[0] = 0, len(order), 0, -1
    height = 1
    nodes = 0
    while height > 0:
        height -= 1
        start, stop, depth = stack_start[height], stack_stop[height], stack_depth[height]
        above = stack_parent[height]
        node = nodes
        nodes += 1
        parent[node] = above
        if above >= 0 and node != above + 1:
            right[above] = node
        count = stop - start
        if count < 2 * smallest or depth >= deepest:
            continue
        sums[:] = 0.0
        total[:] = 0.0
        squares[:] = 0.0
        for place in range(start, stop):
            row = order[place]
            for t in range(n_scores):
                score = scores[row, t]
                total[t] += score
                squares[t] += score * score
            for f in range(n_features):
                cell = sums[offset[f] + bins[row, f]]
                cell[0] += 1.0
                for t in range(n_scores):
                    cell[t + 1] += scores[row, t]
        whole = 0.0
        spread = 0.0
        fourth = 0.0
        for t in range(n_scores):
            whole += total[t] * total[t] / count
            variance = (squares[t] - total[t] * total[t] / count) / count
            spread += variance
            fourth += variance * variance
        if spread <= 1e-9:
            continue
        ninth = 2.0 * fourth / (9.0 * spread * spread)
        best, best_feature, best_cut = 0.0, -1, 0
        for f in range(n_features):
            by_chance = spread * (1.0 - ninth + evidence[f] * np.sqrt(ninth)) ** 3
            left_count = 0.0
            running[:] = 0.0
            for b in range(widths[f] - 1):
                here = sums[offset[f] + b]
                if here[0] == 0.0:
                    continue
                left_count += here[0]
                for t in range(n_scores):
                    running[t] += here[t + 1]
                right_count = count - left_count
                if left_count < smallest:
                    continue
                if right_count < smallest:
                    break
                explained = -whole
                for t in range(n_scores):
                    rest = total[t] - running[t]
                    explained += running[t] * running[t] / left_count + rest * rest / right_count
                beyond = (explained - by_chance) * favour[f]
                if beyond > best:
                    best, best_feature, best_cut = beyond, f, b
        if best_feature < 0:
            continue
        feature[node] = best_feature
        cut[node] = best_cut
        low, high = start, 0
        for place in range(start, stop):
            row = order[place]
            if bins[row, best_feature] <= best_cut:
                order[low] = row
                low += 1
            else:
                spare[high] = row
                high += 1
        order[low:stop] = spare[:high]
        stack_start[height], stack_stop[height] = low, stop
        stack_depth[height], stack_parent[height] = depth + 1, node
        height += 1
        stack_start[height], stack_stop[height] = start, low
        stack_depth[height], stack_parent[height] = depth + 1, node
        height += 1
    return feature[:nodes].copy(), cut[:nodes].copy(), right[:nodes].copy(), parent[:nodes].copy()


@njit(cache=True, nogil=True)
def route(
    bins: NDArray[np.uint8],
    rows: NDArray[np.int64],
    feature: NDArray[np.int16],
    cut: NDArray[np.uint8],
    right: NDArray[np.int32],
) -> NDArray[np.int32]:
    """The leaf (m,) that each of ``rows`` falls into."""
    leaf = np.empty(len(rows), np.int32)
    for place in range(len(rows)):
        row = rows[place]
        node = 0
        while feature[node] >= 0:
            node = node + 1 if bins[row, feature[node]] <= cut[node] else right[node]
        leaf[place] = node
    return leaf


@njit(cache=True, nogil=True)
def fill(
    leaf: NDArray[np.int32], target: NDArray[np.uint8], right: NDArray[np.int32], feature: NDArray[np.int16]
) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64]]:
    """The target's bins as one histogram per node.

    Bins are sorted within a leaf, so a run says how often each bin occurs and nothing about which row it came from.

    Returns : content (m,) bins; start, stop (nodes,): each node's run; that of an inner node spans its children.
    """
    n_nodes = len(feature)
    counts = np.zeros(n_nodes + 1, np.int64)
    for place in range(len(leaf)):
        counts[leaf[place] + 1] += 1
    begin = np.cumsum(counts)
    content = np.empty(len(leaf), np.uint8)
    fresh = begin[:-1].copy()
    for place in range(len(leaf)):
        content[fresh[leaf[place]]] = target[place]
        fresh[leaf[place]] += 1
    start = begin[:-1].copy()
    stop = begin[1:].copy()
    for node in range(n_nodes - 1, -1, -1):
        if feature[node] >= 0:
            stop[node] = stop[right[node]]
        elif stop[node] > start[node]:
            content[start[node] : stop[node]] = np.sort(content[start[node] : stop[node]])
    return content, start, stop
