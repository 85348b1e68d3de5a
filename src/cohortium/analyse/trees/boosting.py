"""Trees that are added up, each learning from what those before it got wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.analyse.trees.boosted_scores import BoostedScores, boosted_scores, slope_units, whole_slopes
from cohortium.analyse.trees.cells import add_to_cells, cell_sums, total_cells
from cohortium.analyse.trees.deviance import best_round, deviance_sums, deviance_table, with_deviance
from cohortium.analyse.trees.fitted import SUM, answered, fitted_result
from cohortium.analyse.trees.grove import GrowthRules, drawn_features, grown, is_growing, planted
from cohortium.analyse.trees.judgement import judged, judgement
from cohortium.analyse.trees.losses import Loss, loss_for
from cohortium.analyse.trees.nodes import no_nodes, nodes_of
from cohortium.analyse.trees.preparation import STEPS, Preparation, agreed, binned
from cohortium.analyse.trees.site_rows import SiteRows
from cohortium.analyse.trees.target import FOLLOW_UP
from cohortium.errors import InvalidRequest
from cohortium.numerics.tree_levels import NEWTON
from cohortium.records import PERSONS, Result, Schema, State, Sums, Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cohortium.analyse.trees.grove import Features


MOST_TREES = 50_000


@dataclass(frozen=True, slots=True)
class Boosting:
    """Boosted trees as sums and steps; for the settings see ``GradientBoosting``."""

    preparation: Preparation
    rounds: int
    rate: float
    depth: int
    leaves: int
    l2: float
    least_weight: float
    least_gain: float
    row_share: float
    feature_share: float
    rising: tuple[str, ...]
    falling: tuple[str, ...]
    patience: int

    def start(self, schema: Schema) -> State:
        """Ask where values lie; raises InvalidRequest where settings do not fit."""
        if not (1 <= self.rounds <= 5000 and 1 <= self.depth <= 12 and self.leaves >= 2 and 0 < self.rate <= 1):
            raise InvalidRequest(
                "Boosting takes 1 to 5000 rounds, depths of 1 to 12, 2 leaves or more, a rate up to 1."
            )
        if not (0 < self.row_share <= 1 and 0 < self.feature_share <= 1) or min(self.l2, self.least_weight) < 0:
            raise InvalidRequest("Shares of rows and features lie above 0 and up to 1; 'l2' and weights are 0 or more.")
        if self.patience < 0 or (self.patience and not self.preparation.held_out):
            raise InvalidRequest("Stopping early, by 'patience', needs persons to judge by: set 'held_out'.")
        unknown = sorted({*self.rising, *self.falling} - set(self.preparation.features))
        if unknown or set(self.rising) & set(self.falling):
            raise InvalidRequest(f"Features in 'rising' and 'falling' are features, each in one of them: {unknown}.")
        state = self.preparation.start(schema)
        if self.rounds * self._outputs(state) > MOST_TREES:
            raise InvalidRequest(
                f"Boosting grows up to {MOST_TREES:,} trees, rounds times classes; take fewer of either."
            )
        nominal = {one[0] for one in state.facts["features"] if one[1] is not None}
        directed = {*self.rising, *self.falling}
        if directed & nominal or (directed and self._outputs(state) > 1):
            raise InvalidRequest("Only numbers can be 'rising' or 'falling', and not with more than two classes.")
        return state

    def local(self, records: Table, state: State) -> Sums:
        """The sums that the step asks for."""
        rows = self.preparation.rows(records)
        if state.step in STEPS:
            return self.preparation.sums(records, rows, state)
        bins, loss = binned(records, rows, self.preparation.target, state), self._loss(state)
        start, done = loss.start(state.facts), int(state.facts["done"])
        scored = boosted_scores(records, (self.preparation,), bins, start, state, done)
        sums: dict[str, Any] = {PERSONS: rows.persons}
        if state.step != "grow":
            sums |= deviance_sums(rows, scored.scores, state, loss)
        if state.step == "judge":
            answers = answered(scored.scores, loss.answer)
            everybody = np.ones(len(bins), dtype=np.bool_)
            return Sums(sums | judged(self._kind, rows.outcome, answers, ~rows.held, everybody, self._scale(state)))
        return Sums(sums | cell_sums(self._cells(records, rows, bins, scored, state)))

    def combine(self, total: Sums, state: State) -> State | Result:
        """The next step, or the answer; raises TooFewRecords."""
        if state.step in STEPS:
            following = self.preparation.next(total, state)
            return self._begun(following) if following.step == "grow" else following
        if state.step != "grow":
            state = with_deviance(total, state, self._loss(state))
        if state.step == "judge":
            return self._answer(total, state)
        best = best_round(state.arrays["deviance"])
        if self.patience and len(state.arrays["deviance"]) - 1 - best >= self.patience:
            return self._last(state, best)
        arrays = grown(state.arrays, total_cells(total), self._rules(state), self._features(state))
        following = State("grow", state.facts, arrays)
        return following if is_growing(arrays) else self._next_round(following)

    @property
    def _kind(self) -> str:
        return self.preparation.target.kind

    def _loss(self, state: State) -> Loss:
        return loss_for(self._kind, len(state.facts["classes"]))

    def _outputs(self, state: State) -> int:
        """Trees of a round: one for each of several classes."""
        classes = len(state.facts["classes"])
        return classes if classes > 2 else 1

    def _features(self, state: State) -> Features:
        number, outputs = len(self.preparation.features), self._outputs(state)
        chosen = max(1, round(self.feature_share * number))
        return lambda tree, _node: drawn_features(number, chosen, (self.preparation.seed, tree // outputs))

    def _rules(self, state: State) -> GrowthRules:
        direction = [(name in self.rising) - (name in self.falling) for name in self.preparation.features]
        return GrowthRules(
            NEWTON,
            slope_units(self._loss(state), state),
            state.arrays["widths"],
            self.depth,
            self.leaves,
            self.preparation.smallest,
            self.l2,
            self.rate,
            self.least_weight,
            self.least_gain,
            np.array(direction, dtype=np.int8),
        )

    def _begun(self, state: State) -> State:
        arrays = {**state.arrays, **no_nodes(1), "deviance": np.zeros((0, 2))}
        return self._planted(State("roots", state.facts | {"done": 0}, arrays))

    def _planted(self, state: State) -> State:
        return State("roots", state.facts, planted(state.arrays, self._outputs(state), self._features(state)))

    def _next_round(self, state: State) -> State:
        done = len(state.arrays["roots"])
        arrays = dict(state.arrays)
        if "next_hazard" in arrays:
            arrays["hazard"] = arrays.pop("next_hazard")
        following = State("roots", state.facts | {"done": done}, arrays)
        rounds = done // self._outputs(state)
        return self._planted(following) if rounds < self.rounds else self._last(following, rounds)

    def _last(self, state: State, rounds: int) -> State:
        """Ask how good the first so many rounds are."""
        trees = rounds * self._outputs(state)
        arrays = agreed(state) | nodes_of(state.arrays, trees) | {"deviance": state.arrays["deviance"][:rounds]}
        return State("judge", state.facts | {"done": trees}, arrays)

    def _cells(
        self, records: Table, rows: SiteRows, bins: NDArray[np.uint8], scored: BoostedScores, state: State
    ) -> NDArray[np.int64]:
        outputs, drawn = self._outputs(state), len(state.arrays["roots"]) // self._outputs(state)
        gradient, hessian = whole_slopes(records, (self.preparation,), rows, scored, state, self._loss(state))
        weights = rows.drawn(drawn, self.row_share)
        marks = [np.stack([gradient[:, one], hessian[:, one]], axis=1) for one in range(outputs)]
        return add_to_cells(
            state.arrays, state.arrays["widths"], bins, rows.counted, lambda tree: marks[tree % outputs],
            lambda _tree: weights, 2,
        )  # fmt: skip

    def _scale(self, state: State) -> dict[str, Any]:
        """What the judgement needs to know of the outcome and of the trees."""
        facts = {key: state.facts[key] for key in ("rows", "largest", "classes")}
        if self._kind != FOLLOW_UP:
            return facts
        is_leaf, tree = state.arrays["feature"] < 0, state.arrays["tree"]
        leaves = [state.arrays["value"][is_leaf & (tree == one), 0] for one in range(len(state.arrays["roots"]))]
        low, high = (float(sum(end(own) for own in leaves)) for end in (np.min, np.max))
        return facts | {"risks": (low, high), "times": state.arrays["times"]}

    def _answer(self, total: Sums, state: State) -> Result:
        performance = judgement(self._kind, total, self._scale(state))
        if "next_hazard" in state.arrays:
            state = State(state.step, state.facts, state.arrays | {"hazard": state.arrays["next_hazard"]})
        tables = {"performance": performance, "deviance": deviance_table(state.arrays["deviance"])}
        loss, rounds = self._loss(state), len(state.arrays["roots"]) // self._outputs(state)
        facts = {"answer": loss.answer, "together": SUM, "kind": self._kind, "rounds": rounds, "rate": self.rate}
        return fitted_result("Gradient boosting", state, loss.start(state.facts), tables, facts)
