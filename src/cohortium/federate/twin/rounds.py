"""The rounds of a federated twin: learn, draw, judge, and again with other persons held out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

import cohortium
from cohortium.errors import InvalidRequest
from cohortium.evaluate.federated import Yardstick, attack_sums, evidence_from_sums, judgement_sums
from cohortium.evaluate.federated.findings import LEFT_OUT
from cohortium.evaluate.federated.stand_in import StandIn
from cohortium.federate.twin.federated_twin import TITLE, FederatedTwin
from cohortium.federate.twin.held_out import held_out
from cohortium.federate.twin.outcome import outcome_result, rows_got, rows_put
from cohortium.federate.twin.stages import Drawn, Kept, drawn_of, drawn_state, inner_state, stage_state
from cohortium.records import (
    PERSONS,
    Guarantee,
    Result,
    Schema,
    State,
    Sums,
    Table,
    schema_from_plain,
    schema_to_plain,
)
from cohortium.synthesise.federated import FederatedMixture, FederatedTrees, fitted_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

METHODS: dict[str, type[FederatedTrees] | type[FederatedMixture]] = {
    "sequential_trees": FederatedTrees,
    "copula_mixture": FederatedMixture,
}
LEARNING, JUDGING = "learn", "judge"
FEW_PERSONS = 1000
"""Below, the twin is learnt again with other persons held out: one split of few persons says little about an attack."""

FEW_SPLITS, MOST_SPLITS = 5, 20
SEEDS_APART = 1_000_003


@dataclass(frozen=True, slots=True)
class Rounds:
    """What a twin asks in each step, and what follows from the sums; pure, as an algorithm is."""

    twin: FederatedTwin

    def start(self, schema: Schema) -> State:
        """Begin to learn.

        Raises : InvalidRequest where a setting or a column does not fit.
        """
        if not 0 < self.twin.holdout_share < 1:
            raise InvalidRequest("holdout_share is a share between 0 and 1: it says how many persons judge the twin.")
        if self.twin.rows is not None and self.twin.rows < 1:
            raise InvalidRequest("rows is the number of synthetic rows, at least 1.")
        if self.twin.splits is not None and not 1 <= self.twin.splits <= MOST_SPLITS:
            raise InvalidRequest(f"splits is how often other persons are held out, 1 to {MOST_SPLITS}.")
        return stage_state(LEARNING, self._synthesiser(0).start(schema), Kept(schema=schema_to_plain(schema)))

    def local(self, records: Table, state: State) -> Sums:
        """What this step asks of one site."""
        kept = Kept.of(state)
        held = held_out(records, self.twin.holdout_share, self._seed(kept.split))
        members = records.take(~held)
        if state.step.startswith(LEARNING):
            return self._synthesiser(kept.split).local(members, inner_state(state))
        counted = self._counted(drawn_of(state), members, records.take(held), is_first=kept.first is None)
        return Sums({PERSONS: len(np.unique(records.persons())), **counted})

    def combine(self, total: Sums, state: State) -> State | Result:
        """The next state, or the answer.

        Raises : TooFewRecords, NotApplicable as the synthesiser does.
        """
        kept = Kept.of(state)
        if state.step.startswith(LEARNING):
            outcome = self._synthesiser(kept.split).combine(total, inner_state(state))
            if isinstance(outcome, State):
                return stage_state(LEARNING, outcome, kept)
            return drawn_state(JUDGING, self._drawn(outcome, kept.split), kept)
        kept = kept.after(drawn_of(state), total)
        splits = self.twin.splits or (FEW_SPLITS if total.persons < FEW_PERSONS else 1)
        if kept.split < splits:
            start = self._synthesiser(kept.split).start(schema_from_plain(kept.schema))
            return stage_state(LEARNING, start, kept)
        return self._answer(kept)

    def _counted(self, drawn: Drawn, members: Table, held: Table, *, is_first: bool) -> dict[str, NDArray[Any]]:
        """Of the first split's rows, which may leave, everything; of the others' only what attacks are judged by."""
        yardstick = self._yardstick(drawn)
        if not is_first:
            return attack_sums(yardstick, members, held)
        stand_in = self._stand_in(yardstick)
        return judgement_sums(yardstick, None if isinstance(stand_in, str) else stand_in, members, held)

    def _answer(self, kept: Kept) -> Result:
        drawn = kept.drawn
        yardstick = self._yardstick(drawn)
        facts = {
            "title": "Twin of several sites' persons",
            "method": drawn.model.facts["method"],
            "seed": self.twin.seed,
            "notes": [*drawn.model.facts["notes"], LEFT_OUT],
            "cohortium_version": cohortium.__version__,
            **({"refits": kept.split - 1} if kept.split > 1 else {}),
            **({"target": self.twin.target} if self.twin.target is not None else {}),
        }
        evidence = evidence_from_sums(yardstick, self._stand_in(yardstick), kept.totals, Guarantee(), facts)
        return outcome_result(TITLE, int(kept.totals[0][PERSONS]), drawn.model, drawn.rows, evidence)

    def _seed(self, split: int) -> int:
        return self.twin.seed + split * SEEDS_APART

    def _synthesiser(self, split: int) -> FederatedTrees | FederatedMixture:
        if self.twin.method not in METHODS:
            raise InvalidRequest(f"There is no federated method '{self.twin.method}'; there are {sorted(METHODS)}.")
        return METHODS[self.twin.method](
            self.twin.variables, self.twin.rules, seed=self._seed(split), **self.twin.dials
        )

    def _drawn(self, model: Result, split: int) -> Drawn:
        """The model is learnt: draw the rows that will be judged."""
        rows = self.twin.rows or round(model.persons / (1 - self.twin.holdout_share))
        table = fitted_of(model).sample(rows, rng=np.random.default_rng([self._seed(split), 1]))
        return Drawn(model, rows_put(table))

    def _yardstick(self, drawn: Drawn) -> Yardstick:
        persons = drawn.model.persons
        held = round(persons * self.twin.holdout_share / (1 - self.twin.holdout_share))
        return Yardstick(rows_got(drawn.rows, schema_from_plain(drawn.model.facts["schema"])), min(held, persons))

    def _stand_in(self, yardstick: Yardstick) -> StandIn | str:
        return StandIn.of(yardstick, self.twin.target, self.twin.seed)
