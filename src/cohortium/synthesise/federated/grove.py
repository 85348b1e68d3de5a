"""All trees of all columns while they grow: which nodes are asked about next, and what becomes of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.numerics.keyed_draws import chosen_rows
from cohortium.numerics.level_growth import Nodes, add_rows, best_split, depth_first, leaves_of
from cohortium.numerics.tree_draws import Forest
from cohortium.synthesise.federated.summed_features import Features
from cohortium.synthesise.federated.whole_scores import WholeScores
from cohortium.synthesise.tables.bins import ColumnBins
from cohortium.synthesise.tables.forests import DEEPEST, EVIDENCE_PER_CUTS, MIDDLING_CUTS, TreeSettings
from cohortium.synthesise.tables.tree_features import is_outcome

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Integers = NDArray[np.int64]

MOST_VALUES = 1 << 22
"""Sums that leave a site in one round: nodes beyond wait for the next one."""


@dataclass(frozen=True, slots=True)
class Grove:
    """Nodes of all trees in the order in which they came up.

    nodes : of all trees; tree, depth : (m,) of each node.
    open  : nodes that still have to be asked about, in order.
    root  : (trees,) first node of each tree; target : (trees,) the column that it draws.
    """

    nodes: Nodes
    tree: Integers
    depth: Integers
    open: Integers
    root: Integers
    target: Integers

    @classmethod
    def planted(cls, features: Sequence[Features], scores: Sequence[WholeScores], trees: int) -> Grove:
        """The roots: ``trees`` for each target that can be split on something, one for each of the others."""
        splits = [len(own.source) > 0 and score.number > 0 for own, score in zip(features, scores, strict=True)]
        target = np.concatenate([np.full(trees if able else 1, place) for place, able in enumerate(splits)])
        root = np.arange(len(target))
        nodes = Nodes(
            np.full(len(target), -1, np.int32),
            np.zeros(len(target), np.uint8),
            np.zeros(len(target), np.int32),
            np.zeros(len(target), np.int32),
        )
        able = np.flatnonzero(np.array(splits)[target])
        return cls(nodes, root, np.zeros(len(target), np.int64), able, root, target.astype(np.int64))

    def asked(self, features: Sequence[Features], scores: Sequence[WholeScores]) -> tuple[Integers, Integers]:
        """The nodes of this round, and where the sums of each begin (k + 1,)."""
        sizes = [_size(features[place], scores[place]) for place in range(len(features))]
        ends = np.cumsum([sizes[place] for place in self.target[self.tree[self.open]].tolist()])
        number = max(1, int(np.searchsorted(ends, MOST_VALUES, side="right")))
        return self.open[:number], np.concatenate([[0], ends[:number]]).astype(np.int64)

    def sums(
        self,
        codes: NDArray[np.uint8],
        hidden: NDArray[np.bool_],
        words: NDArray[np.uint64],
        features: Sequence[Features],
        scores: Sequence[WholeScores],
        share: float,
    ) -> Integers:
        """What the rows of ``codes`` (n, p) add to the nodes of this round; words (n,) are their fingerprints."""
        batch, begins = self.asked(features, scores)
        place = np.full(len(self.tree), -1, np.int64)
        place[batch] = begins[:-1]
        answer = np.zeros(begins[-1], np.int64)
        asked_trees = np.unique(self.tree[batch])
        for target in np.unique(self.target[asked_trees]).tolist():
            ranks, offset = features[target].ranks(codes), features[target].offset
            own = np.ascontiguousarray(codes[:, target])
            for tree in asked_trees[self.target[asked_trees] == target].tolist():
                chosen = chosen_rows(words, tree, share) & ~hidden[:, target]
                leaf = leaves_of(ranks, self.nodes, int(self.root[tree]))
                add_rows(ranks, offset, own, scores[target].table, leaf, chosen, place, answer)
        return answer

    def grown(
        self,
        sums: Integers,
        features: Sequence[Features],
        scores: Sequence[WholeScores],
        bins: Sequence[ColumnBins],
        settings: TreeSettings,
    ) -> Grove:
        """The grove after the nodes of this round were split, or left as they are."""
        batch, begins = self.asked(features, scores)
        feature, cut, left, right = (list(part.tolist()) for part in self.nodes)
        tree, depth, waiting = list(self.tree.tolist()), list(self.depth.tolist()), self.open[len(batch) :].tolist()
        leaf = settings.leaf or 1
        demands = [_demands(own, bins, settings) for own in features]
        for node, start, stop in zip(batch.tolist(), begins[:-1].tolist(), begins[1:].tolist(), strict=True):
            place = int(self.target[tree[node]])
            found = best_split(sums[start:stop], features[place].offset, scores[place].unit, leaf, *demands[place])
            if found[0] < 0:
                continue
            feature[node], cut[node] = found[0], found[1]
            left[node], right[node] = len(feature), len(feature) + 1
            for rows in found[2:]:
                if rows >= 2 * leaf and depth[node] + 1 < DEEPEST:
                    waiting.append(len(feature))
                feature.append(-1)
                cut.append(0)
                left.append(0)
                right.append(0)
                tree.append(tree[node])
                depth.append(depth[node] + 1)
        nodes = Nodes(
            np.array(feature, np.int32), np.array(cut, np.uint8), np.array(left, np.int32), np.array(right, np.int32)
        )
        trees, depths, waits = (np.array(part, np.int64) for part in (tree, depth, waiting))
        return Grove(nodes, trees, depths, waits, self.root, self.target)

    def leaf_counts(
        self,
        codes: NDArray[np.uint8],
        hidden: NDArray[np.bool_],
        features: Sequence[Features],
        bins: Sequence[ColumnBins],
    ) -> Integers:
        """Rows by leaf and bin of the target, tree after tree."""
        parts = [np.zeros(0, np.int64)]
        for target in np.unique(self.target).tolist():
            ranks, width = features[target].ranks(codes), bins[target].width
            rows = np.flatnonzero(~hidden[:, target])
            for tree in np.flatnonzero(self.target == target).tolist():
                leaves = self._leaves(tree)
                slot = np.zeros(len(self.tree), np.int64)
                slot[leaves] = np.arange(len(leaves))
                leaf = leaves_of(ranks, self.nodes, int(self.root[tree]))[rows]
                joint = slot[leaf] * width + codes[rows, target]
                parts.append(np.bincount(joint, minlength=len(leaves) * width))
        return np.concatenate(parts).astype(np.int64)

    def forests(self, counts: Integers, features: Sequence[Features], bins: Sequence[ColumnBins]) -> tuple[Forest, ...]:
        """The forest of every target, its leaves filled with ``leaf_counts`` over all sites."""
        forests, begin = [], 0
        for target, own in enumerate(features):
            parts: list[tuple[NDArray[Any], ...]] = []
            for tree in np.flatnonzero(self.target == target).tolist():
                leaves = self._leaves(tree)
                stop = begin + len(leaves) * bins[target].width
                parts.append(self._filled(tree, leaves, counts[begin:stop].reshape(len(leaves), -1)))
                begin = stop
            nodes = np.cumsum([0] + [len(part[0]) for part in parts])
            contents = np.cumsum([0] + [len(part[-1]) for part in parts])
            joined = [np.concatenate(part) for part in zip(*parts, strict=True)]
            forests.append(Forest(*_in_order(own, joined, nodes, contents, bins[target].interval)))
        return tuple(forests)

    def _leaves(self, tree: int) -> Integers:
        return np.flatnonzero((self.tree == tree) & (self.nodes.feature < 0))

    def _filled(self, tree: int, leaves: Integers, counts: Integers) -> tuple[NDArray[Any], ...]:
        order, right, parent = depth_first(self.nodes, int(self.root[tree]))
        feature = self.nodes.feature[order].astype(np.int16)
        ranked = np.searchsorted(leaves, order[feature < 0])
        held = np.zeros(len(order), np.int64)
        held[feature < 0] = counts[ranked].sum(axis=1)
        start = np.cumsum(held) - held
        stop = start + held
        for node in range(len(order) - 1, -1, -1):
            if feature[node] >= 0:
                stop[node] = stop[right[node]]
        bins = np.tile(np.arange(counts.shape[1], dtype=np.uint8), len(leaves))
        content = np.repeat(bins, counts[ranked].ravel())
        return feature, self.nodes.cut[order], right, parent, start, stop, content


def _size(features: Features, scores: WholeScores) -> int:
    return scores.number + int(features.widths.sum()) * (scores.number + 1)


def _demands(
    features: Features, bins: Sequence[ColumnBins], settings: TreeSettings
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Evidence that a split on each feature (q,) must show, and the factor on what it explains beyond."""
    cuts = np.maximum(features.widths - 1, 1)
    evidence = (settings.evidence or 0.0) + EVIDENCE_PER_CUTS * np.log(cuts / MIDDLING_CUTS)
    favour = [
        settings.favour if column >= 0 and is_outcome(bins[column]) else 1.0 for column in features.source.tolist()
    ]
    return evidence, np.array(favour)


def _in_order(features: Features, joined: list[NDArray[Any]], *ends: NDArray[Any]) -> tuple[Any, ...]:
    """The fields of a forest: what its features read, its nodes, where trees begin, its blends."""
    return (features.source, features.lookup, *joined, *ends, *features.blends)
