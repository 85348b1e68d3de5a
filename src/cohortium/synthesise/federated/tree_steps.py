"""The steps of federated trees once every column's bins are known: relations, features, growth, leaves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from cohortium.numerics.keyed_draws import fingerprints
from cohortium.numerics.score_sums import ScoreSums, associations
from cohortium.numerics.target_scores import level_scores, ordered_scores
from cohortium.numerics.tree_draws import Forest
from cohortium.records import Schema, State, Sums, schema_from_plain
from cohortium.synthesise.federated import stored
from cohortium.synthesise.federated.grove import Grove
from cohortium.synthesise.federated.summed_features import draft_features, ordered_anew
from cohortium.synthesise.federated.whole_scores import WholeScores, covariances, of_columns, product_sums
from cohortium.synthesise.tables.bins import ColumnBins
from cohortium.synthesise.tables.forest_model import ForestModel
from cohortium.synthesise.tables.forests import TreeSettings
from cohortium.synthesise.tables.order import anchor_column, column_order
from cohortium.synthesise.tables.sequential_trees import FLOOR, FittedTrees, notes_of
from cohortium.synthesise.tables.stored import derivation_from_plain

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class TreeSteps:
    """What the steps after the bins share, read from a state.

    counts : rows of each column's bins, without those whose value does not come back.
    scores : of each column's bins, and the same in whole units.
    seed   : with the rows' content it decides which rows each tree sees while it grows.
    """

    state: State
    schema: Schema
    settings: TreeSettings
    seed: int
    bins: list[ColumnBins]
    counts: list[Integers]
    scores: list[NDArray[np.float64]]
    whole: list[WholeScores]

    @classmethod
    def of(cls, state: State, settings: TreeSettings, seed: int) -> Self:
        """As a state holds it."""
        schema, persons = schema_from_plain(state.facts["schema"]), int(state.facts["persons"])
        bins = stored.bins_got(schema, state.facts["bins"], state.arrays)
        counts = [state.arrays[f"count.{place:05d}"].copy() for place in range(len(bins))]
        scores = [_scores(found, count) for found, count in zip(bins, counts, strict=True)]
        whole = [WholeScores.of(own, persons) for own in scores]
        return cls(state, schema, settings, seed, bins, counts, scores, whole)

    def sums(self, codes: NDArray[np.uint8], hidden: NDArray[np.bool_]) -> dict[str, Integers]:
        """What a site's rows say to this step: codes, hidden (n, p) as ``encoded`` gives them."""
        arrays, number = self.state.arrays, len(self.bins)
        if self.state.step == "relations":
            totals, products = product_sums(codes, self.whole)
            return {"totals": totals, "products": products}
        if self.state.step == "features":
            drafts = stored.drafts_got(number, arrays)
            levels = [draft.level_sums(codes, j, self.bins, self.whole[j]) for j, draft in enumerate(drafts)]
            blended = [draft.blend_counts(codes) for draft in drafts]
            return {"scores_by_level": _joined([own for part in levels for own in part]), "blends": _joined(blended)}
        features, grove = stored.features_got(number, arrays), stored.grove_got(arrays)
        if self.state.step == "fill":
            return {"leaves": grove.leaf_counts(codes, hidden, features, self.bins)}
        words = fingerprints(codes, self.seed)
        share = min(self.settings.share, self.settings.structure_rows / max(self.state.facts["persons"], 1))
        return {"nodes": grove.sums(codes, hidden, words, features, self.whole, share)}

    def next(self, total: Sums) -> State | FittedTrees:
        """The step after this one, or the model."""
        if self.state.step == "relations":
            return self._related(total)
        if self.state.step == "features":
            return self._planted(total)
        number, arrays = len(self.bins), self.state.arrays
        features, grove = stored.features_got(number, arrays), stored.grove_got(arrays)
        if self.state.step == "fill":
            return self._fitted(grove.forests(total["leaves"], features, self.bins), total.persons)
        grove = grove.grown(total["nodes"].copy(), features, self.whole, self.bins, self.settings)
        kept = {name: own for name, own in arrays.items() if not name.startswith(("nodes.", "grove."))}
        return State("grow" if len(grove.open) else "fill", self.state.facts, kept | stored.grove_put(grove))

    def _related(self, total: Sums) -> State:
        """Columns in order, and what each may depend on."""
        sums = covariances(total["totals"], total["products"], self.state.facts["persons"], self.whole)
        derived = tuple(derivation_from_plain(rule, self.schema) for rule in self.state.facts["derived"])
        computed = {rule.dependent for rule in derived}
        place_of = {own.column.name: j for j, own in enumerate(self.bins) if own.column.name not in computed}
        modelled = [self.bins[place].column for place in place_of.values()]
        anchor = anchor_column(modelled, associations(of_columns(sums, list(place_of.values()))))
        widths = {name: self.bins[place].width for name, place in place_of.items()}
        order = [place_of[name] for name in column_order(self.schema, widths, derived, anchor)]
        facts, arrays = stored.bins_put([self.bins[place] for place in order])
        arrays |= {f"count.{place:05d}": self.counts[own] for place, own in enumerate(order)}
        state = State("features", {**self.state.facts, "bins": facts}, arrays)
        ordered = TreeSteps.of(state, self.settings, self.seed)
        return State(state.step, state.facts, arrays | ordered._drafted(of_columns(sums, order)))

    def _drafted(self, sums: ScoreSums) -> dict[str, NDArray[Any]]:
        related, rows = associations(sums), self._rows()
        dials = (self.settings.ridge, self.settings.blends)
        drafts = []
        for target in range(len(self.bins)):
            strongest = np.argsort(-related[target, :target], kind="stable")[: self.settings.predictors]
            before = np.sort(strongest).astype(np.int64)
            drafts.append(draft_features(target, before, self.bins, self.scores, rows, sums, *dials))
        return stored.drafts_put(drafts)

    def _rows(self) -> list[Integers]:
        """Rows of every column's bins, values that do not come back among the missing ones."""
        answer = [count.copy() for count in self.counts]
        for count, found in zip(answer, self.bins, strict=True):
            count[0] += found.left_out
        return answer

    def _planted(self, total: Sums) -> State:
        """Features of every column, and the roots of its trees."""
        drafts = stored.drafts_got(len(self.bins), self.state.arrays)
        asked = [ordered_anew(draft.before, self.bins, self.whole[j]) for j, draft in enumerate(drafts)]
        shapes = [(self.bins[c].width, self.whole[j].number) for j, columns in enumerate(asked) for c in columns]
        levels = iter(_parted(total["scores_by_level"], shapes))
        blended = _parted(total["blends"], [(draft.blends.number, draft.edges.shape[1] - 1) for draft in drafts])
        rows = self._rows()
        features = [
            draft.counted([next(levels) for _ in asked[j]], blended[j], rows, self.bins, self.whole[j])
            for j, draft in enumerate(drafts)
        ]
        grove = Grove.planted(features, self.whole, self.settings.trees)
        kept = {name: own for name, own in self.state.arrays.items() if not name.startswith("draft.")}
        arrays = kept | stored.features_put(features) | stored.grove_put(grove)
        return State("grow" if len(grove.open) else "fill", self.state.facts, arrays)

    def _fitted(self, forests: tuple[Forest, ...], persons: int) -> FittedTrees:
        derived = tuple(derivation_from_plain(rule, self.schema) for rule in self.state.facts["derived"])
        smallest = self.settings.smallest or FLOOR
        learnt = ForestModel(self.schema, tuple(self.bins), forests, derived, self.settings.shrink, smallest)
        return FittedTrees(learnt, notes_of(self.bins, persons), asdict(self.settings))


def _scores(bins: ColumnBins, counts: Integers) -> NDArray[np.float64]:
    share = counts / max(int(counts.sum()), 1)
    return ordered_scores(share) if bins.is_ordered else level_scores(share)


def _joined(parts: Sequence[Integers]) -> Integers:
    return np.concatenate([np.zeros(0, np.int64), *(part.ravel() for part in parts)]).astype(np.int64)


def _parted(joined: Integers, shapes: Sequence[tuple[int, int]]) -> list[Integers]:
    ends = np.cumsum([0] + [first * second for first, second in shapes])
    return [joined[ends[i] : ends[i + 1]].reshape(shape) for i, shape in enumerate(shapes)]
