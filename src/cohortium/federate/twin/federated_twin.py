"""A synthetic twin that several hospitals train together, with the evidence that lets it leave.

The work is in ``rounds``, which is imported when a twin is asked for: a node that makes none stays light.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Self

from cohortium.records import Result, Schema, State, Sums, Table
from cohortium.registry import algorithm

TITLE = "Synthetic twin with its evidence"


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
    divides=False,  # among equal rows of a site, who is held out follows from their order
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
        from cohortium.synthesise.federated.federated_trees import plain_rules

        modelled = schema.select(column.name for column in schema.modelled)
        return cls(modelled.names, plain_rules(modelled), **settings)

    def columns(self) -> tuple[str, ...]:
        """The variables."""
        return self.variables

    def start(self, schema: Schema) -> State:
        """Begin to learn.

        Raises : InvalidRequest where a setting or a column does not fit.
        """
        from cohortium.federate.twin.rounds import Rounds

        return Rounds(self).start(schema)

    def local(self, records: Table, state: State) -> Sums:
        """What this step asks of one site."""
        from cohortium.federate.twin.rounds import Rounds

        return Rounds(self).local(records, state)

    def combine(self, total: Sums, state: State) -> State | Result:
        """The next state, or the answer.

        Raises : TooFewRecords, NotApplicable as the synthesiser does.
        """
        from cohortium.federate.twin.rounds import Rounds

        return Rounds(self).combine(total, state)
