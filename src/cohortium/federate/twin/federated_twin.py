"""A synthetic twin that several hospitals train together, with the evidence that lets it leave."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

import cohortium
from cohortium.errors import InvalidRequest
from cohortium.evaluate.federated import Yardstick, evidence_from_sums, judgement_sums
from cohortium.evaluate.federated.findings import LEFT_OUT
from cohortium.evaluate.federated.stand_in import StandIn
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
from cohortium.registry import algorithm
from cohortium.synthesise.federated import FederatedMixture, FederatedTrees, fitted_of
from cohortium.synthesise.federated.federated_trees import plain_rules

METHODS: dict[str, type[FederatedTrees] | type[FederatedMixture]] = {
    "sequential_trees": FederatedTrees,
    "copula_mixture": FederatedMixture,
}
TITLE = "Synthetic twin with its evidence"
LEARNING, JUDGING = "learn", "judge"
FEW_PERSONS = 1000
"""Below, the twin is learnt again with other persons held out: one split of few persons says little about an attack."""

FEW_SPLITS, MOST_SPLITS = 5, 20
SEEDS_APART = 1_000_003


@algorithm(
    "federated_twin",
    title=TITLE,
    leaves_site="what the synthesiser sums up: counts of levels and of ranges, sums of scores, counts by leaf of its "
    "trees; then, beside the synthetic rows, counts of persons by column, pair of columns, distance to the nearest "
    "synthetic row, follow-up and predicted chance",
    source="synthesisers: Reiter 2005, Nelsen 2006; evidence, from sums: Chen et al. 2020 (GAN-Leaks), SDMetrics, "
    "Norcliffe et al. 2023, Esteban et al. 2017",
    counts=("levels", "cells", "links", "leaves", "pairs.members", "pairs.held", "near.members", "near.held"),
    cells=(),
    family="synthesis",
)
@dataclass(frozen=True, slots=True)
class FederatedTwin:
    """Learn a synthetic twin across sites, judge it against persons who were held out, let it out if the gate agrees.

    variables     : columns to model; one row per person.
    rules         : rules between them, as ``schema_to_plain`` writes them; ``of`` takes both from a schema.
    method        : "sequential_trees", or "copula_mixture" for few persons or survival.
    holdout_share : share of each site's persons who are kept away from learning and judge the twin.
    splits        : how often the method learns, each time with other persons held out; the attacks are averaged over
                    them. Five below a thousand persons, one above, where None. The first is what leaves.
    rows          : synthetic rows; as many as there are persons where None.
    target        : column that a model trained on the twin predicts; the schema's outcome where None.
    seed          : of the choice of persons, of learning and of the synthetic rows.
    dials         : further settings of the synthesiser, such as ``{"leaf": 40}``.
    Reveals       : sums over all sites, with small counts among them: for a secure sum. The model and its rows are in
                    the answer only where the evidence satisfies the policy "federated".
    """

    variables: tuple[str, ...]
    rules: tuple[dict[str, Any], ...] = ()
    method: str = "sequential_trees"
    holdout_share: float = 1 / 3
    splits: int | None = None
    rows: int | None = None
    target: str | None = None
    seed: int = 0
    dials: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, schema: Schema, **settings: Any) -> Self:
        """For the modelled columns of ``schema`` and the rules between them."""
        modelled = schema.select(column.name for column in schema.modelled)
        return cls(modelled.names, plain_rules(modelled), **settings)

    def columns(self) -> tuple[str, ...]:
        """The variables."""
        return self.variables

    def start(self, schema: Schema) -> State:
        """Begin to learn.

        Raises : InvalidRequest where a setting or a column does not fit.
        """
        if not 0 < self.holdout_share < 1:
            raise InvalidRequest("holdout_share is a share between 0 and 1: it says how many persons judge the twin.")
        if self.rows is not None and self.rows < 1:
            raise InvalidRequest("rows is the number of synthetic rows, at least 1.")
        if self.splits is not None and not 1 <= self.splits <= MOST_SPLITS:
            raise InvalidRequest(f"splits is how often other persons are held out, 1 to {MOST_SPLITS}.")
        return stage_state(LEARNING, self._synthesiser(0).start(schema), Kept(schema=schema_to_plain(schema)))

    def local(self, records: Table, state: State) -> Sums:
        """What this step asks of one site."""
        kept = Kept.of(state)
        held = held_out(records, self.holdout_share, self._seed(kept.split))
        members = records.take(~held)
        if state.step.startswith(LEARNING):
            return self._synthesiser(kept.split).local(members, inner_state(state))
        yardstick, stand_in = self._judges(drawn_of(state))
        counted = judgement_sums(
            yardstick, None if isinstance(stand_in, str) else stand_in, members, records.take(held)
        )
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
        splits = self.splits or (FEW_SPLITS if total.persons < FEW_PERSONS else 1)
        if kept.split < splits:
            start = self._synthesiser(kept.split).start(schema_from_plain(kept.schema))
            return stage_state(LEARNING, start, kept)
        return self._answer(kept)

    def _answer(self, kept: Kept) -> Result:
        drawn = kept.drawn
        yardstick, stand_in = self._judges(drawn)
        facts = {
            "title": "Twin of several sites' persons",
            "method": drawn.model.facts["method"],
            "seed": self.seed,
            "notes": [*drawn.model.facts["notes"], LEFT_OUT],
            "cohortium_version": cohortium.__version__,
            **({"refits": kept.split - 1} if kept.split > 1 else {}),
            **({"target": self.target} if self.target is not None else {}),
        }
        evidence = evidence_from_sums(yardstick, stand_in, kept.totals, Guarantee(), facts)
        return outcome_result(TITLE, int(kept.totals[0][PERSONS]), drawn.model, drawn.rows, evidence)

    def _seed(self, split: int) -> int:
        return self.seed + split * SEEDS_APART

    def _synthesiser(self, split: int) -> FederatedTrees | FederatedMixture:
        if self.method not in METHODS:
            raise InvalidRequest(f"There is no federated method '{self.method}'; there are {sorted(METHODS)}.")
        return METHODS[self.method](self.variables, self.rules, seed=self._seed(split), **self.dials)

    def _drawn(self, model: Result, split: int) -> Drawn:
        """The model is learnt: draw the rows that will be judged."""
        rows = self.rows or round(model.persons / (1 - self.holdout_share))
        table = fitted_of(model).sample(rows, rng=np.random.default_rng([self._seed(split), 1]))
        return Drawn(model, rows_put(table))

    def _judges(self, drawn: Drawn) -> tuple[Yardstick, StandIn | str]:
        persons = drawn.model.persons
        held = round(persons * self.holdout_share / (1 - self.holdout_share))
        rows = rows_got(drawn.rows, schema_from_plain(drawn.model.facts["schema"]))
        yardstick = Yardstick(rows, min(held, persons))
        return yardstick, StandIn.of(yardstick, self.target, self.seed)
