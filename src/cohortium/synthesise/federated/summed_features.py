"""What trees may split on, from sums over all sites: what ``tree_features`` finds in one table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cohortium.numerics.blends import CELLS, NO_BLENDS, WIDEST, Blends, blend_ranks, blend_values
from cohortium.numerics.score_sums import ScoreSums, blend_weights, certainty
from cohortium.numerics.target_scores import coarse_ranks, summed_level_ranks
from cohortium.synthesise.federated.whole_scores import WholeScores
from cohortium.synthesise.tables.bins import ColumnBins
from cohortium.synthesise.tables.tree_features import BLEND_RANKS, FEATURE_BINS, FEATURE_LEVELS, SURE, is_outcome

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Features:
    """Features of one target; see ``TreeFeatures``, of which this is the part that is no row's."""

    source: Integers
    lookup: NDArray[np.uint8]
    widths: Integers
    blends: Blends

    @property
    def offset(self) -> Integers:
        """Where each feature's bins begin (q + 1,)."""
        return np.concatenate([[0], np.cumsum(self.widths)]).astype(np.int64)

    def ranks(self, codes: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The features (n, q) of the rows of ``codes`` (n, p)."""
        blended = blend_ranks(codes, self.blends) if self.blends.number else np.zeros((len(codes), 0), np.uint8)
        answer = np.empty((len(codes), len(self.source)), np.uint8)
        for place, column in enumerate(self.source.tolist()):
            answer[:, place] = blended[:, -1 - column] if column < 0 else self.lookup[place][codes[:, column]]
        return answer


@dataclass(frozen=True, slots=True)
class Draft:
    """Features of one target whose cuts still have to be counted.

    before  : (k,) columns that it may depend on; those that need an order of their levels are asked about.
    blends  : without cuts; edges : (d, CELLS + 1) of the cells in which their values are counted.
    """

    before: Integers
    blends: Blends
    edges: Floats

    def level_sums(
        self, codes: NDArray[np.uint8], target: int, bins: Sequence[ColumnBins], scores: WholeScores
    ) -> list[Integers]:
        """Sums (width, t) of the target's scores over the rows of each level, for every column that needs an order."""
        own = codes[:, target].astype(np.int64)
        answer = []
        for column in ordered_anew(self.before, bins, scores):
            pairs = codes[:, column].astype(np.int64) * bins[target].width + own
            joint = np.bincount(pairs, minlength=bins[column].width * bins[target].width)
            answer.append(joint.reshape(bins[column].width, -1) @ scores.table)
        return answer

    def blend_counts(self, codes: NDArray[np.uint8]) -> Integers:
        """Rows (d, CELLS) by the value of each blend."""
        answer = np.zeros((self.blends.number, CELLS), np.int64)
        if self.blends.number:
            values = blend_values(codes, self.blends)
            for d, edges in enumerate(self.edges):
                place = np.searchsorted(edges, values[:, d], side="right") - 1
                answer[d] = np.bincount(np.clip(place, 0, CELLS - 1), minlength=CELLS)
        return answer

    def counted(
        self,
        levels: Sequence[Integers],
        blended: Integers,
        counts: Sequence[Integers],
        bins: Sequence[ColumnBins],
        scores: WholeScores,
    ) -> Features:
        """The features, from ``level_sums`` and ``blend_counts`` over all sites.

        counts : rows of every column's bins.
        """
        source, lookups, widths = [], [], []
        sums = iter(levels)
        anew = set(ordered_anew(self.before, bins, scores))
        for column in self.before.tolist():
            orders: list[tuple[NDArray[np.uint8], int]] = []
            if column in anew:
                orders = summed_level_ranks(counts[column].astype(np.float64), next(sums) * scores.unit, FEATURE_LEVELS)
            elif bins[column].width > 1 and (bins[column].is_ordered or bins[column].width <= 3):
                orders = [coarse_ranks(counts[column].astype(np.float64), FEATURE_BINS)]
            for lookup, ranks in orders:
                source.append(column)
                lookups.append(lookup)
                widths.append(ranks)
        blends = self._with_cuts(blended)
        for d in range(blends.number):
            source.append(-1 - d)
            lookups.append(np.zeros(256, np.uint8))
            widths.append(BLEND_RANKS)
        lookup = np.array(lookups, np.uint8).reshape(len(lookups), 256)
        return Features(np.array(source, np.int64), lookup, np.array(widths, np.int64), blends)

    def _with_cuts(self, counts: Integers) -> Blends:
        cuts = np.zeros((self.blends.number, BLEND_RANKS - 1), np.float32)
        for d, edges in enumerate(self.edges):
            reached = np.cumsum(counts[d]) / max(counts[d].sum(), 1)
            wanted = np.searchsorted(reached, np.arange(1, BLEND_RANKS) / BLEND_RANKS)
            cuts[d] = edges[np.minimum(wanted + 1, CELLS)]
        return self.blends._replace(cut=cuts) if self.blends.number else NO_BLENDS


def ordered_anew(before: Integers, bins: Sequence[ColumnBins], scores: WholeScores) -> list[int]:
    """Columns whose levels have no order of their own and are put into one for this target."""
    if not scores.number:
        return []
    return [column for column in before.tolist() if bins[column].width > 3 and not bins[column].is_ordered]


def draft_features(
    target: int,
    before: Integers,
    bins: Sequence[ColumnBins],
    scores: Sequence[Floats],
    counts: Sequence[Integers],
    sums: ScoreSums,
    ridge: float,
    most: int,
) -> Draft:
    """What column ``target`` may depend on, and how the blends of those columns are weighed."""
    sure = before[certainty(sums, target)[before] > SURE]
    mixed = np.array([column for column in sure.tolist() if not is_outcome(bins[column])], np.int64)
    none = Draft(before, NO_BLENDS, np.zeros((0, CELLS + 1)))
    if not most or len(mixed) < 2 or not scores[target].shape[1]:
        return none
    weights = blend_weights(sums, mixed.tolist(), target, ridge, most)
    if not weights[0].shape[1]:
        return none
    by_bin = [scores[column][:, : len(own)] @ own for column, own in zip(mixed.tolist(), weights, strict=True)]
    first = np.cumsum([0] + [len(table) for table in by_bin])[:-1].astype(np.int64)
    blends = Blends(mixed, first, np.concatenate(by_bin).astype(np.float32), NO_BLENDS.cut)
    middle = sum(counts[c] @ table / max(counts[c].sum(), 1) for c, table in zip(mixed.tolist(), by_bin, strict=True))
    used = np.concatenate([np.arange(sums.offset[column], sums.offset[column + 1]) for column in mixed])
    slopes = np.concatenate(weights)
    spread = np.sqrt(np.maximum(np.einsum("id,ij,jd->d", slopes, sums.covariance[np.ix_(used, used)], slopes), 1e-18))
    return Draft(before, blends, middle[:, None] + spread[:, None] * np.linspace(-WIDEST, WIDEST, CELLS + 1))
