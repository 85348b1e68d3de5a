"""Drawing a column's bins from a forest of histogram trees, row by row.

A row draws one tree, falls into a leaf by the bins it already has, and draws a bin from the leaf's histogram. Three
things keep a draw from pointing at a person: a run below ``fewest`` is never drawn from, the parent's run is used;
with probability shrink / (count + shrink) the draw moves up to the parent in any case (hierarchical shrinkage, Agarwal
et al. 2022); and where the bin is an interval, the draw moves part of the way towards its neighbour in the run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numba import njit

from cohortium.numerics.blends import Blends, blend_ranks

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Forest(NamedTuple):
    """Trees for one target column, laid end to end.

    source, lookup : feature f reads column ``source[f]`` through ``lookup[f]`` (256,), bin -> rank; where ``source[f]``
                     is negative it reads the rank of blend -1 - source[f] instead.
    feature, cut, right, parent, start, stop : per node; feature is -1 in a leaf; numbers are relative to the tree.
    content        : bins of all runs; node_offset, content_offset : (trees + 1,) where each tree begins.
    interval       : (256,) True for bins that are intervals and may be smoothed over.
    blend_...      : the parts of the :class:`~cohortium.numerics.blends.Blends` that the trees split on.
    """

    source: NDArray[np.int64]
    lookup: NDArray[np.uint8]
    feature: NDArray[np.int16]
    cut: NDArray[np.uint8]
    right: NDArray[np.int32]
    parent: NDArray[np.int32]
    start: NDArray[np.int64]
    stop: NDArray[np.int64]
    content: NDArray[np.uint8]
    node_offset: NDArray[np.int64]
    content_offset: NDArray[np.int64]
    interval: NDArray[np.bool_]
    blend_source: NDArray[np.int64]
    blend_first: NDArray[np.int64]
    blend_weight: NDArray[np.float32]
    blend_cut: NDArray[np.float32]


@njit(cache=True, nogil=True)
def _next(state: np.uint64) -> tuple[np.uint64, float]:
    # splitmix64 (Steele, Lea and Flood 2014): one 64-bit state, so that a block of rows repeats from its seed alone
    state = state + np.uint64(0x9E3779B97F4A7C15)
    z = state
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return state, np.float64(z >> np.uint64(11)) / 9007199254740992.0


@njit(cache=True, nogil=True)
def draw(
    bins: NDArray[np.uint8],
    column: int,
    forest: Forest,
    shrink: float,
    fewest: int,
    seed: int,
    allowed: NDArray[np.bool_],
    given: NDArray[np.bool_],
    weight: NDArray[np.float64],
) -> None:
    """Fill ``bins[:, column]`` in place, from the columns that the forest reads.

    allowed : (256,) bins that may be drawn, or (0,) for all; ``weight`` (n,) is multiplied by their share of the leaf.
    given   : (n,) rows whose bin is known and kept, or (0,) for none; ``weight`` is multiplied by its probability.
    """
    state = np.uint64(seed)
    n_trees = len(forest.node_offset) - 1
    limited = len(allowed) > 0
    some_given = len(given) > 0
    blends = Blends(forest.blend_source, forest.blend_first, forest.blend_weight, forest.blend_cut)
    ranks = blend_ranks(bins, blends)
    for row in range(bins.shape[0]):
        state, u = _next(state)
        tree = int(u * n_trees)
        nodes = forest.node_offset[tree]
        base = forest.content_offset[tree]
        node = 0
        while forest.feature[nodes + node] >= 0:
            f = forest.feature[nodes + node]
            source = forest.source[f]
            rank = forest.lookup[f, bins[row, source]] if source >= 0 else ranks[row, -1 - source]
            node = node + 1 if rank <= forest.cut[nodes + node] else forest.right[nodes + node]
        state, u = _next(state)
        while forest.parent[nodes + node] >= 0:
            count = forest.stop[nodes + node] - forest.start[nodes + node]
            if count >= fewest:
                up = shrink / (count + shrink)
                if u >= up:
                    break
                u = u / up
            node = forest.parent[nodes + node]
        first = base + forest.start[nodes + node]
        last = base + forest.stop[nodes + node]

        if some_given and given[row]:
            known = 0
            for place in range(first, last):
                known += forest.content[place] == bins[row, column]
            weight[row] *= (known + 0.01) / (last - first + 1.0)
            continue
        state, u = _next(state)
        place = first + int(u * (last - first))
        if limited:
            suitable = 0
            for p in range(first, last):
                suitable += allowed[forest.content[p]]
            while suitable == 0 and forest.parent[nodes + node] >= 0:
                node = forest.parent[nodes + node]
                first = base + forest.start[nodes + node]
                last = base + forest.stop[nodes + node]
                weight[row] *= 1.0 / (last - first)
                for p in range(first, last):
                    suitable += allowed[forest.content[p]]
            if suitable == 0:
                weight[row] = 0.0
                bins[row, column] = 0
                continue
            weight[row] *= suitable / (last - first)
            wanted = int(u * suitable)
            for p in range(first, last):
                if allowed[forest.content[p]]:
                    if wanted == 0:
                        place = p
                        break
                    wanted -= 1
        if last == first:
            bins[row, column] = 0
            continue
        drawn = forest.content[place]
        if forest.interval[drawn]:
            state, u = _next(state)
            beside = place + 1 if u < 0.5 else place - 1
            if first <= beside < last and forest.interval[forest.content[beside]]:
                state, u = _next(state)
                gap = np.float64(forest.content[beside]) - np.float64(drawn)
                moved = np.uint8(np.round(drawn + gap * u))
                if forest.interval[moved] and (not limited or allowed[moved]):
                    drawn = moved
        bins[row, column] = drawn
