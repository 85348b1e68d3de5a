"""One tree or many that grow side by side, each on its own draw of persons, and whose answers are averaged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.analyse.answers import one_of
from cohortium.analyse.trees.baseline import interval_of
from cohortium.analyse.trees.cells import add_to_cells, cell_sums, total_cells
from cohortium.analyse.trees.fitted import MEAN, add_tree, answered, fitted_result, rules_of
from cohortium.analyse.trees.grove import GrowthRules, drawn_features, grown, is_growing, planted
from cohortium.analyse.trees.judgement import judged, judgement
from cohortium.analyse.trees.nodes import no_nodes, nodes_of
from cohortium.analyse.trees.preparation import STEPS, Preparation, agreed, binned
from cohortium.analyse.trees.site_rows import SiteRows
from cohortium.analyse.trees.target import CLASSES, COUNT, FOLLOW_UP, unit_for, whole
from cohortium.errors import InvalidRequest
from cohortium.numerics.tree_levels import ENTROPY, EXPONENTIAL, GINI, NEWTON
from cohortium.records import PERSONS, Result, Schema, State, Sums, Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

CRITERIA = {"gini": GINI, "entropy": ENTROPY}
LARGEST_EXPECTED = 64.0


@dataclass(frozen=True, slots=True)
class Forest:
    """What single trees and forests have in common; for the settings see ``RandomForest``."""

    title: str
    preparation: Preparation
    trees: int
    depth: int
    leaves: int
    criterion: str
    features_per_split: int
    bootstrap: bool
    least_gain: float
    together: int

    def start(self, schema: Schema) -> State:
        """Ask where values lie; raises InvalidRequest where settings do not fit."""
        one_of(self.criterion, tuple(CRITERIA), "criterion")
        if self.preparation.target.kind == COUNT:
            raise InvalidRequest("Trees and forests take the kinds 'classes', 'number' and 'follow-up'; use 'number'.")
        if not 1 <= self.features_per_split <= len(self.preparation.features):
            raise InvalidRequest(f"Splits choose from 1 to {len(self.preparation.features)} features.")
        if not (1 <= self.trees <= 5000 and 1 <= self.depth <= 12 and self.leaves >= 2 and self.together >= 1):
            raise InvalidRequest("Forests take 1 to 5000 trees, depths of 1 to 12, and trees of 2 leaves or more.")
        return self.preparation.start(schema)

    def local(self, records: Table, state: State) -> Sums:
        """The sums that the step asks for."""
        rows = self.preparation.rows(records)
        if state.step in STEPS:
            return self.preparation.sums(records, rows, state)
        bins = binned(records, rows, self.preparation.target, state)
        base: dict[str, Any] = {PERSONS: rows.persons}
        if state.step == "judge":
            return Sums(base | self._judged(bins, rows, state))
        rules, marks = self._rules(state), self._marks(rows, state)
        cells = add_to_cells(
            state.arrays, rules.widths, bins, rows.counted, lambda _tree: marks, lambda tree: self._weights(rows, tree),
            marks.shape[1],
        )  # fmt: skip
        return Sums(base | cell_sums(cells))

    def combine(self, total: Sums, state: State) -> State | Result:
        """The next step, or the answer; raises TooFewRecords."""
        if state.step in STEPS:
            following = self.preparation.next(total, state)
            return (
                self._planted(following, no_nodes(self._outputs(following))) if following.step == "grow" else following
            )
        if state.step == "judge":
            return self._answer(total, state)
        arrays = grown(state.arrays, total_cells(total), self._rules(state), self._features)
        if is_growing(arrays):
            return State("grow", state.facts, arrays)
        if len(arrays["roots"]) < self.trees:
            return self._planted(state, arrays)
        return State("judge", state.facts, agreed(state) | nodes_of(arrays, self.trees))

    def _planted(self, state: State, nodes: dict[str, NDArray[Any]]) -> State:
        number = min(self.together, self.trees - len(nodes["roots"]))
        return State("grow", state.facts, state.arrays | planted(nodes, number, self._features))

    def _features(self, tree: int, node: int) -> NDArray[np.int32]:
        return drawn_features(
            len(self.preparation.features), self.features_per_split, (self.preparation.seed, tree, node)
        )

    def _weights(self, rows: SiteRows, tree: int) -> NDArray[np.uint8]:
        return rows.bootstrapped(tree) if self.bootstrap else rows.drawn(tree, 1.0)

    def _outputs(self, state: State) -> int:
        return len(state.facts["classes"]) or 1

    def _rules(self, state: State) -> GrowthRules:
        kind = self.preparation.target.kind
        how = {CLASSES: CRITERIA[self.criterion], FOLLOW_UP: EXPONENTIAL}.get(kind, NEWTON)
        return GrowthRules(
            how,
            self._units(state),
            state.arrays["widths"],
            self.depth,
            self.leaves,
            self.preparation.smallest,
            l2=1.0 if how == EXPONENTIAL else 0.0,
            least_gain=self.least_gain,
            subtract=self.features_per_split == len(self.preparation.features),
        )

    def _units(self, state: State) -> NDArray[np.float64]:
        rows, kind = state.facts["rows"], self.preparation.target.kind
        if kind == CLASSES:
            return np.ones(self._outputs(state))
        if kind == FOLLOW_UP:
            return np.array([1.0, unit_for(LARGEST_EXPECTED, rows)])
        return np.array([unit_for(2 * state.facts["largest"], rows), 1.0])

    def _marks(self, rows: SiteRows, state: State) -> NDArray[np.int64]:
        """What is summed of each row: its class, events and expected events, or its gap from the mean."""
        outcome, units, kind = rows.outcome, self._units(state), self.preparation.target.kind
        if kind == CLASSES:
            return np.ascontiguousarray(outcome[:, :1] == np.arange(self._outputs(state))).astype(np.int64)
        if kind == FOLLOW_UP:
            expected = state.arrays["hazard"][interval_of(outcome[:, 0], state.arrays["times"])]
            return np.stack([outcome[:, 1].astype(np.int64), whole(expected, units[1], LARGEST_EXPECTED)], axis=1)
        gap = whole(state.facts["means"][0] - outcome[:, 0], units[0], 2 * state.facts["largest"])
        return np.stack([gap, np.ones_like(gap)], axis=1)

    def _start(self, state: State) -> NDArray[np.float64]:
        is_number = self.preparation.target.kind not in (CLASSES, FOLLOW_UP)
        return np.array([state.facts["means"][0]]) if is_number else np.zeros(self._outputs(state))

    def _how(self) -> str:
        return "log" if self.preparation.target.kind == FOLLOW_UP else "score"

    def _judged(self, bins: NDArray[np.uint8], rows: SiteRows, state: State) -> dict[str, NDArray[np.int64]]:
        """Persons in training judged by all trees; all persons, by the trees that did not learn from them."""
        start = self._start(state)
        every, others = np.zeros((2, len(bins), len(start)))
        unseen = np.zeros(len(bins))
        for tree in range(self.trees):
            own = np.zeros_like(every)
            add_tree(own, state.arrays, bins, tree)
            left_out = self._weights(rows, tree) == 0
            every += own
            others += own * left_out[:, None]
            unseen += left_out
        facts, kind, how = self._judging(state), self.preparation.target.kind, self._how()
        trained = answered(start + every / self.trees, how)
        blind = unseen > 0
        tested = answered(
            start + np.where(blind, others.T, every.T).T / np.where(blind, unseen, self.trees)[:, None], how
        )
        one = judged(kind, rows.outcome, trained, np.ones_like(blind), ~rows.held, facts)
        two = judged(kind, rows.outcome, tested, np.zeros_like(blind), blind, facts)
        return {name: one[name] + two[name] for name in one}

    def _judging(self, state: State) -> dict[str, Any]:
        facts = {key: state.facts[key] for key in ("rows", "largest", "classes")}
        if self.preparation.target.kind != FOLLOW_UP:
            return facts
        values = np.log(state.arrays["value"][state.arrays["feature"] < 0])
        return facts | {"risks": (float(values.min()), float(values.max())), "times": state.arrays["times"]}

    def _answer(self, total: Sums, state: State) -> Result:
        kind = self.preparation.target.kind
        tables = {"performance": judgement(kind, total, self._judging(state))}
        if self.trees == 1:
            tables["rules"] = rules_of(state, self._start(state))
        facts = {"answer": self._how(), "together": MEAN, "kind": kind}
        return fitted_result(self.title, state, self._start(state), tables, facts)
