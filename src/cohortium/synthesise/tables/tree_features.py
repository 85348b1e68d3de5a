"""What the trees of one column may split on: the columns before it, one by one and blended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cohortium.numerics.blends import NO_BLENDS, Blends, blend_ranks, with_cuts
from cohortium.numerics.score_sums import ScoreSums, blend_weights, certainty
from cohortium.numerics.target_scores import coarse_ranks, level_ranks, level_scores, ordered_scores
from cohortium.records import Role
from cohortium.synthesise.tables.bins import ColumnBins

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEATURE_BINS = 48
FEATURE_LEVELS = 64
BLEND_RANKS = 64
SURE = 5.0
"""Standard deviations by which an association must exceed chance to enter a blend: noise adds up in a sum."""
OUTCOME_LEVELS = 12
"""An outcome with more levels than this is a column like any other: splits on each of them would eat up the rows."""


@dataclass(frozen=True, slots=True)
class TreeFeatures:
    """Features of one target.

    source : (q,) column that each feature reads, or -1 - d for blend d; lookup : (q, 256) bin -> rank.
    widths : (q,) ranks of each feature; ranks : (n, q) the features of the rows that trees grow on.
    """

    source: NDArray[np.int64]
    lookup: NDArray[np.uint8]
    widths: NDArray[np.int64]
    blends: Blends
    ranks: NDArray[np.uint8]


def scores_of(codes: NDArray[np.uint8], bins: ColumnBins) -> NDArray[np.float64]:
    """The scores (width, t) of one column with these bins (n,)."""
    share = np.bincount(codes, minlength=bins.width) / max(len(codes), 1)
    return ordered_scores(share) if bins.is_ordered else level_scores(share)


def is_outcome(bins: ColumnBins) -> bool:
    """Whether trees of other columns should rather split on this one than lose it."""
    nominal = bins.column.kind.is_nominal or bins.width <= OUTCOME_LEVELS
    return nominal and bins.width <= OUTCOME_LEVELS + 1 and bool(bins.column.roles & {Role.OUTCOME, Role.EVENT})


def tree_features(
    codes: NDArray[np.uint8],
    target: int,
    before: NDArray[np.int64],
    bins: Sequence[ColumnBins],
    scores: Sequence[NDArray[np.float64]],
    sums: ScoreSums,
    ridge: float,
    blends: int,
) -> TreeFeatures:
    """The features of column ``target`` of ``codes`` from the columns ``before`` it."""
    own = scores[target][codes[:, target]].astype(np.float32)
    source, lookups, widths = [], [], []
    for column in before.tolist():
        for lookup, ranks in _orders(codes[:, column], bins[column], own):
            source.append(column)
            lookups.append(lookup)
            widths.append(ranks)
    columns = [lookup[codes[:, column]] for lookup, column in zip(lookups, source, strict=True)]
    # an outcome has its own splits: hidden in a blend, its part would be blurred with everything else
    sure = before[certainty(sums, target)[before] > SURE]
    blended = _blended(codes, target, [c for c in sure if not is_outcome(bins[c])], scores, sums, ridge, blends)
    if blended.number:
        columns += list(blend_ranks(codes, blended).T)
        source += [-1 - d for d in range(blended.number)]
        lookups += [np.zeros(256, np.uint8)] * blended.number
        widths += [BLEND_RANKS] * blended.number
    return TreeFeatures(
        np.array(source, np.int64),
        np.array(lookups, np.uint8).reshape(len(lookups), 256),
        np.array(widths, np.int64),
        blended,
        np.stack(columns, axis=1) if columns else np.zeros((len(codes), 0), np.uint8),
    )


def _orders(
    column: NDArray[np.uint8], bins: ColumnBins, own: NDArray[np.float32]
) -> list[tuple[NDArray[np.uint8], int]]:
    if bins.width == 1:
        return []
    if bins.is_ordered or bins.width <= 3:
        return [coarse_ranks(np.bincount(column, minlength=bins.width).astype(np.float64), FEATURE_BINS)]
    return level_ranks(column, bins.width, own, FEATURE_LEVELS) if own.shape[1] else []


def _blended(
    codes: NDArray[np.uint8],
    target: int,
    before: Sequence[int],
    scores: Sequence[NDArray[np.float64]],
    sums: ScoreSums,
    ridge: float,
    most: int,
) -> Blends:
    if not most or len(before) < 2 or not scores[target].shape[1]:
        return NO_BLENDS
    weights = blend_weights(sums, before, target, ridge, most)
    if not weights[0].shape[1]:
        return NO_BLENDS
    by_bin = [scores[column][:, : len(own)] @ own for column, own in zip(before, weights, strict=True)]
    first = np.cumsum([0] + [len(table) for table in by_bin])[:-1]
    weight = np.concatenate(by_bin).astype(np.float32)
    blends = Blends(np.array(before, np.int64), first.astype(np.int64), weight, NO_BLENDS.cut)
    return with_cuts(codes, blends, BLEND_RANKS)
