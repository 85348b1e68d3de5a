"""Sequential trees learnt across sites from sums alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from cohortium.errors import InvalidRequest, NotApplicable, TooFewRecords
from cohortium.records import PERSONS, Result, Schema, State, Sums, Table, schema_from_plain, schema_to_plain
from cohortium.registry import algorithm
from cohortium.synthesise.federated import stored
from cohortium.synthesise.federated.column_counts import STEPS, ColumnCounts
from cohortium.synthesise.federated.tree_steps import TreeSteps
from cohortium.synthesise.tables.forests import TreeSettings, encoded
from cohortium.synthesise.tables.sequential_trees import FEWEST_PERSONS, FLOOR

TITLE = "Synthetic twin by sequential trees"
DIALS = ("trees", "leaf", "evidence", "smallest", "share", "blends", "predictors")


@algorithm(
    "federated_trees",
    title=TITLE,
    leaves_site="counts of levels and of ranges of numbers; sums of scores and of their products; counts and sums of "
    "scores by node of a tree, feature and bin; counts of a column's bins by leaf",
    source="Reiter 2005 (CART synthesis); own histogram trees; Panda et al. 2009 (PLANET: growth level by level)",
    counts=("levels", "cells", "links", "leaves"),
    family="synthesis",
    alone=False,
)
@dataclass(frozen=True, slots=True)
class FederatedTrees:
    """The default synthesiser, trained across sites.

    variables : columns to model; one row per person.
    rules     : rules between them, as ``schema_to_plain`` writes them; ``of`` takes both from a schema.
    trees, leaf, evidence, smallest, share, blends, predictors : dials of ``TreeSettings``; None leaves them at rest.
    seed      : which rows each tree sees while it grows follows from it and from what the rows hold, not from the site.
    Reveals   : sums over all sites; counts behind them may be small, so the sums belong in a secure sum.
    """

    variables: tuple[str, ...]
    rules: tuple[dict[str, Any], ...] = ()
    trees: int | None = None
    leaf: int | None = None
    evidence: float | None = None
    smallest: int | None = None
    share: float | None = None
    blends: int | None = None
    predictors: int | None = None
    seed: int = 0

    @classmethod
    def of(cls, schema: Schema, **settings: Any) -> Self:
        """For the modelled columns of ``schema`` and the rules between them."""
        modelled = schema.select(column.name for column in schema.modelled)
        return cls(modelled.names, plain_rules(modelled), **settings)

    def columns(self) -> tuple[str, ...]:
        """The variables."""
        return self.variables

    def start(self, schema: Schema) -> State:
        """Ask how many, how many missing, which levels, how many decimals.

        Raises : InvalidRequest where a column is neither a number nor nominal.
        """
        return State("columns", {"schema": schema_to_plain(checked_schema(schema, self.variables, self.rules))})

    def local(self, records: Table, state: State) -> Sums:
        """What this step asks of one site."""
        base = {PERSONS: len(np.unique(records.persons())), "rows": len(records)}
        if state.step in STEPS:
            return Sums(base | ColumnCounts.of(state).sums(records))
        steps = TreeSteps.of(state, self.settings(state.facts["persons"]), self.seed)
        return Sums(base | steps.sums(*encoded(records, steps.bins)))

    def combine(self, total: Sums, state: State) -> State | Result:
        """The next state, or the model.

        Raises : TooFewRecords below 30 persons; NotApplicable where persons have several rows.
        """
        settings = self.settings(max(total.persons, 1))
        if state.step in STEPS:
            one_row_each(total, FEWEST_PERSONS)
            smallest = settings.smallest or FLOOR
            return ColumnCounts.of(state).next(total, smallest, smallest).state(state, total.persons)
        outcome = TreeSteps.of(state, settings, self.seed).next(total)
        return outcome if isinstance(outcome, State) else stored.result_of(outcome, total.persons, TITLE)

    def settings(self, persons: int) -> TreeSettings:
        """The dials for so many persons."""
        given = {name: getattr(self, name) for name in DIALS if getattr(self, name) is not None}
        return TreeSettings(**given).for_persons(persons)


def one_row_each(total: Sums, fewest: int) -> None:
    """Raises TooFewRecords below ``fewest`` persons, NotApplicable where persons have several rows."""
    if total.persons < fewest:
        raise TooFewRecords(f"Persons needed: at least {fewest}; all sites together have {total.persons}.")
    if int(total["rows"]) > total.persons:
        raise NotApplicable("Some persons have several rows; one row per person was expected. Take one row of each.")


def checked_schema(schema: Schema, variables: tuple[str, ...], rules: tuple[dict[str, Any], ...]) -> Schema:
    """The schema of the variables with their rules; raises InvalidRequest where one is neither number nor nominal."""
    own = schema.select(variables)
    unfit = [column.name for column in own.columns if not (column.kind.is_numeric or column.kind.is_nominal)]
    if unfit or not variables:
        raise InvalidRequest(f"Numbers and levels to model were expected; {unfit or 'no columns'} came. Name others.")
    return schema_from_plain({**schema_to_plain(own), "constraints": list(rules)})


def plain_rules(schema: Schema) -> tuple[dict[str, Any], ...]:
    """The rules of a schema as settings of an algorithm."""
    return tuple(_tupled(rule) for rule in schema_to_plain(schema)["constraints"])


def _tupled(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _tupled(inner) for name, inner in value.items()}
    return tuple(_tupled(inner) for inner in value) if isinstance(value, list) else value
