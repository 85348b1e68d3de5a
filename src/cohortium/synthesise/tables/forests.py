"""Learning the forest of one column from the columns before it."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.numerics.histogram_trees import fill, grow, route
from cohortium.numerics.score_sums import ScoreSums, associations, score_sums
from cohortium.numerics.tree_draws import Forest
from cohortium.records import Table
from cohortium.synthesise.protocol import Progress
from cohortium.synthesise.tables.bins import ColumnBins
from cohortium.synthesise.tables.tree_features import TreeFeatures, is_outcome, scores_of, tree_features

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Tree = tuple[NDArray[np.int16], NDArray[np.uint8], NDArray[np.int32], NDArray[np.int32]]
    Runs = tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64]]

DEEPEST = 30
EVIDENCE_PER_CUTS = 0.3
MIDDLING_CUTS = 10
"""A feature with more cuts finds a good one by chance more easily, and must show more evidence."""


PERSONS, EVIDENCE = (300, 1_000, 4_000, 10_000), (4.2, 3.0, 2.4, 2.2)
"""Few persons: chance splits look good and point at them, so more evidence is asked for (docs/methods.md)."""


@dataclass(frozen=True, slots=True)
class TreeSettings:
    """The dials between fidelity and privacy; ``None`` lets the number of persons decide.

    trees      : trees per column; a row draws one of them.
    leaf       : fewest rows in a leaf while trees grow.
    evidence   : how far beyond a random split's a split must explain, in its standard deviations; more for few persons.
    shrink     : pseudo-count with which a leaf leans on its parent.
    smallest   : fewest persons behind any value, level, or run that rows are drawn from.
    share      : share of the rows whose structure a tree sees; its leaves are filled with all of them.
    honest     : fill a tree's leaves only with the rows that did not choose its splits.
    favour     : factor on what splits on the outcome explain, so that what depends on it is not lost.
    blends     : most blends of earlier columns that a tree may split on; ridge : pseudo-count per score in them.
    predictors : most columns that a column may depend on, the most associated ones.
    structure_rows, fill_rows : most rows that one tree grows on, and about the most that its leaves are filled with.
    """

    trees: int = 8
    leaf: int | None = None
    evidence: float | None = None
    shrink: float = 5.0
    smallest: int | None = None
    share: float = 0.7
    honest: bool = False
    favour: float = 10.0
    blends: int = 2
    ridge: float = 0.5
    predictors: int | None = None
    structure_rows: int = 100_000
    fill_rows: int = 400_000

    def for_persons(self, persons: int) -> TreeSettings:
        """The settings with every open dial set for this many persons."""
        default: dict[str, Any] = {
            "leaf": int(np.clip(round(persons**0.5 / 4), 10, 30)),
            "evidence": float(np.interp(np.log10(persons), np.log10(PERSONS), EVIDENCE)),
            "smallest": int(np.clip(persons // 50, 3, 5)),
            "predictors": int(np.clip(round(persons**0.5 * 0.6), 8, 32)),
        }
        return replace(self, **{dial: value for dial, value in default.items() if getattr(self, dial) is None})


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
    scores, sums = scores_and_sums(codes, hidden, bins, settings)
    related = associations(sums)

    def learn(place: int) -> Forest:
        before = np.sort(np.argsort(-related[place, :place], kind="stable")[: settings.predictors])
        features = tree_features(codes, place, before, bins, scores, sums, settings.ridge, settings.blends)
        return _forest(
            codes[:, place], hidden[:, place], bins, place, scores[place], features, settings, int(seeds[place])
        )

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


def scores_and_sums(
    codes: NDArray[np.uint8], hidden: NDArray[np.bool_], bins: Sequence[ColumnBins], settings: TreeSettings
) -> tuple[list[NDArray[np.float64]], ScoreSums]:
    """The scores of every column, and the sums of their products over as many rows as structure is learnt from."""
    scores = [scores_of(codes[~hidden[:, place], place], found) for place, found in enumerate(bins)]
    return scores, score_sums(codes[:: max(1, len(codes) // settings.structure_rows)], scores)


def _forest(
    column: NDArray[np.uint8],
    hidden: NDArray[np.bool_],
    bins: Sequence[ColumnBins],
    place: int,
    scores: NDArray[np.float64],
    features: TreeFeatures,
    settings: TreeSettings,
    seed: int,
) -> Forest:
    """The forest of one column; rows whose value does not come back teach it nothing."""
    rng = np.random.default_rng(seed)
    target = np.ascontiguousarray(column)
    by_row = scores[target].astype(np.float32)
    rows = np.flatnonzero(~hidden)
    splits = len(features.source) > 0 and by_row.shape[1] > 0
    evidence = (settings.evidence or 0.0) + EVIDENCE_PER_CUTS * np.log(
        np.maximum(features.widths - 1, 1) / MIDDLING_CUTS
    )
    favour = np.array([settings.favour if c >= 0 and is_outcome(bins[c]) else 1.0 for c in features.source])
    trees = []
    for _ in range(settings.trees if splits else 1):
        kept = int(len(rows) * (0.5 if settings.honest else settings.share))
        if settings.honest or kept <= settings.structure_rows:
            shuffled = rng.permutation(rows)
            grows = np.sort(shuffled[: min(kept, settings.structure_rows)])
            fills = np.sort(shuffled[kept:]) if settings.honest else rows
        else:  # of very many rows each tree is filled with another part: together they have seen them all
            grows = np.sort(rng.choice(rows, settings.structure_rows, replace=False, shuffle=False))
            step = -(-len(rows) // settings.fill_rows)
            fills = rows[rng.integers(step) :: step]
        if splits:
            ranks, own = features.ranks, by_row
            if 2 * len(grows) < len(column):  # few of many rows: side by side they are read much faster
                ranks, own, grows = ranks[grows], own[grows], np.arange(len(grows))
            tree = grow(ranks, features.widths, own, grows, settings.leaf or 1, evidence, DEEPEST, favour)
            leaf = route(features.ranks, fills, tree[0], tree[1], tree[2])
        else:
            tree, leaf = _stump(), np.zeros(len(fills), np.int32)
        trees.append((tree, fill(leaf, target[fills], tree[2], tree[0])))
    return _joined(trees, features, bins[place].interval)


def _joined(trees: list[tuple[Tree, Runs]], features: TreeFeatures, interval: NDArray[np.bool_]) -> Forest:
    feature, cut, right, parent = (np.concatenate(part) for part in zip(*(tree for tree, _ in trees), strict=True))
    content, start, stop = (np.concatenate(part) for part in zip(*(runs for _, runs in trees), strict=True))
    nodes = np.cumsum([0] + [len(tree[0]) for tree, _ in trees])
    contents = np.cumsum([0] + [len(runs[0]) for _, runs in trees])
    return Forest(
        features.source, features.lookup, feature, cut, right, parent, start, stop, content, nodes, contents, interval,
        *features.blends,
    )  # fmt: skip


def _stump() -> Tree:
    return np.full(1, -1, np.int16), np.zeros(1, np.uint8), np.zeros(1, np.int32), np.full(1, -1, np.int32)
