"""Learning the forest of one column from the columns before it."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from cohortium.numerics.histogram_trees import fill, grow, route
from cohortium.numerics.target_scores import coarse_ranks, level_ranks, level_scores, ordered_scores
from cohortium.numerics.tree_draws import Forest
from cohortium.records import Table
from cohortium.synthesise.protocol import Progress
from cohortium.synthesise.tables.bins import ColumnBins

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Tree = tuple[NDArray[np.int16], NDArray[np.uint8], NDArray[np.int32], NDArray[np.int32]]
    Runs = tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64]]

FEATURE_BINS = 48
FEATURE_LEVELS = 64
DEEPEST = 30


@dataclass(frozen=True, slots=True)
class TreeSettings:
    """The dials between fidelity and privacy; ``None`` lets the number of persons decide.

    trees      : trees per column; a row draws one of them.
    leaf       : fewest rows in a leaf while trees grow.
    least_gain : how many times what a random split would explain a split must explain.
    shrink     : pseudo-count with which a leaf leans on its parent.
    smallest   : fewest persons behind any value, level, or run that rows are drawn from.
    share      : share of the rows whose structure a tree sees; its leaves are filled with all of them.
    honest     : fill a tree's leaves only with the rows that did not choose its splits.
    """

    trees: int = 8
    leaf: int | None = None
    least_gain: float = 2.5
    shrink: float = 5.0
    smallest: int | None = None
    share: float = 0.7
    honest: bool = False
    favour: float = 1.0
    lead: int = 1
    structure_rows: int = 100_000

    def for_persons(self, persons: int) -> TreeSettings:
        """The settings with every open dial set for this many persons."""
        leaf = self.leaf if self.leaf is not None else int(np.clip(round(persons**0.5 / 4), 10, 30))
        smallest = self.smallest if self.smallest is not None else int(np.clip(persons // 50, 3, 10))
        return replace(self, leaf=leaf, smallest=smallest)


def learn_forests(
    codes: NDArray[np.uint8],
    hidden: NDArray[np.bool_],
    bins: Sequence[ColumnBins],
    settings: TreeSettings,
    rng: np.random.Generator,
    progress: Progress,
    first: int = 0,
) -> tuple[Forest, ...]:
    """One forest per column from ``first`` on, each on all columns before it, in two threads.

    codes  : (n, p) bins; hidden : (n, p) values that do not come back and teach their own forest nothing.
    """
    seeds = rng.integers(2**63, size=len(bins))

    def learn(place: int) -> Forest:
        return _forest(codes, hidden[:, place], place, bins, settings, int(seeds[place]))

    forests = []
    with ThreadPoolExecutor(max_workers=2) as pool:
        for place, forest in zip(range(first, len(bins)), pool.map(learn, range(first, len(bins))), strict=True):
            forests.append(forest)
            progress(f"learning {bins[place].column.name}", (place + 1 - first) / (len(bins) - first))
    return tuple(forests)


def encoded(table: Table, bins: Sequence[ColumnBins]) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """The bins (n, p) of a table's columns, and which values do not come back."""
    codes = np.empty((len(table), len(bins)), dtype=np.uint8)
    hidden = np.empty((len(table), len(bins)), dtype=np.bool_)
    for place, column in enumerate(bins):
        codes[:, place], hidden[:, place] = column.encode(table)
    return codes, hidden


def _forest(
    codes: NDArray[np.uint8],
    hidden: NDArray[np.bool_],
    place: int,
    bins: Sequence[ColumnBins],
    settings: TreeSettings,
    seed: int,
) -> Forest:
    """The forest of one column on the columns before it; rows whose value does not come back teach it nothing."""
    rng = np.random.default_rng(seed)
    target = np.ascontiguousarray(codes[:, place])
    rows = np.flatnonzero(~hidden)
    share = np.bincount(target[rows], minlength=bins[place].width) / max(len(rows), 1)
    by_bin = ordered_scores(share) if bins[place].is_ordered else level_scores(share)
    scores = by_bin[target].astype(np.float32)
    source, lookup, widths = _features(codes, place, bins, scores)
    features = np.stack([lookup[f][codes[:, source[f]]] for f in range(len(source))], axis=1) if len(source) else None
    favour = np.where(source < settings.lead, settings.favour, 1.0)
    trees = []
    for _ in range(settings.trees if features is not None and scores.shape[1] else 1):
        shuffled = rng.permutation(rows)
        kept = int(len(rows) * (0.5 if settings.honest else settings.share))
        grows = np.sort(shuffled[: min(kept, settings.structure_rows)])
        fills = np.sort(shuffled[kept:]) if settings.honest else rows
        if features is None or scores.shape[1] == 0:
            tree = _stump()
            leaf = np.zeros(len(fills), np.int32)
        else:
            tree = grow(features, widths, scores, grows, settings.leaf or 1, settings.least_gain, DEEPEST, favour)
            leaf = route(features, fills, tree[0], tree[1], tree[2])
        trees.append((tree, fill(leaf, target[fills], tree[2], tree[0])))
    return _joined(trees, source, lookup, bins[place].interval)


def _joined(
    trees: list[tuple[Tree, Runs]], source: NDArray[np.int64], lookup: NDArray[np.uint8], interval: NDArray[np.bool_]
) -> Forest:
    feature, cut, right, parent = (np.concatenate(part) for part in zip(*(tree for tree, _ in trees), strict=True))
    content, start, stop = (np.concatenate(part) for part in zip(*(runs for _, runs in trees), strict=True))
    nodes = np.cumsum([0] + [len(tree[0]) for tree, _ in trees])
    contents = np.cumsum([0] + [len(runs[0]) for _, runs in trees])
    return Forest(source, lookup, feature, cut, right, parent, start, stop, content, nodes, contents, interval)


def _features(
    codes: NDArray[np.uint8], place: int, bins: Sequence[ColumnBins], scores: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.uint8], NDArray[np.int64]]:
    source, lookups, widths = [], [], []
    for before in range(place):
        width = bins[before].width
        if width == 1:
            continue
        column = codes[:, before]
        if bins[before].is_ordered or width <= 3:
            orders = [coarse_ranks(np.bincount(column, minlength=width).astype(np.float64), FEATURE_BINS)]
        else:
            orders = level_ranks(column, width, scores, FEATURE_LEVELS) if scores.shape[1] else []
        for lookup, ranks in orders:
            source.append(before)
            lookups.append(lookup)
            widths.append(ranks)
    return (
        np.array(source, np.int64),
        np.array(lookups, np.uint8).reshape(len(lookups), 256),
        np.array(widths, np.int64),
    )


def _stump() -> Tree:
    return np.full(1, -1, np.int16), np.zeros(1, np.uint8), np.zeros(1, np.int32), np.full(1, -1, np.int32)
