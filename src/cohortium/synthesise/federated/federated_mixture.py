"""A copula mixture learnt across sites from summed counts and moments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from cohortium.errors import NotApplicable
from cohortium.records import PERSONS, Result, Schema, State, Sums, Table, schema_from_plain, schema_to_plain
from cohortium.registry import algorithm
from cohortium.synthesise.federated import stored
from cohortium.synthesise.federated.column_counts import STEPS, ColumnCounts
from cohortium.synthesise.federated.federated_trees import checked_schema, one_row_each, plain_rules
from cohortium.synthesise.federated.mixture_steps import MixtureSteps
from cohortium.synthesise.federated.summed_marginals import (
    Gaps,
    axes_of,
    bin_features,
    gaps_of,
    level_sums,
    marginal_of,
    ordered_levels,
    unordered,
)
from cohortium.synthesise.federated.whole_scores import WholeScores
from cohortium.synthesise.tables.copula_mixture import FEWEST_PERSONS
from cohortium.synthesise.tables.forests import encoded
from cohortium.synthesise.tables.latent_space import LatentSpace
from cohortium.synthesise.tables.marginal_learning import least_persons
from cohortium.synthesise.tables.number_cells import ENDS
from cohortium.synthesise.tables.row_maker import RowMaker
from cohortium.synthesise.tables.sequential_trees import left_out_notes
from cohortium.synthesise.tables.stored import derivation_from_plain
from cohortium.synthesise.tables.strata import stratifying, stratum_numbers

TITLE = "Synthetic twin by a copula mixture"


@algorithm(
    "federated_mixture",
    title=TITLE,
    leaves_site="counts of levels and of ranges of numbers; sums of scores by level; sums and sums of products of "
    "normal scores by component of a mixture; counts of cells by outcome",
    source="Gaussian mixture copula; Hoff 2007; Delyon, Lavielle & Moulines 1999 (stochastic approximation EM)",
    counts=("levels", "cells", "links", "masses"),
    family="synthesis",
    alone=False,
)
@dataclass(frozen=True, slots=True)
class FederatedMixture:
    """The method for few persons and for survival, trained across sites.

    variables, rules : columns to model, one row per person, and rules between them; ``of`` takes both from a schema.
    least, component, stratum : as in ``CopulaMixture``.
    seed    : first components, and with the rows' content the draws of what is only known to lie in an interval. Rows
              that are equal are drawn alike: in tables of a few levels alone, relations come out noisier.
    Reveals : sums over all sites; counts behind them may be small, so the sums belong in a secure sum.
    """

    variables: tuple[str, ...]
    rules: tuple[dict[str, Any], ...] = ()
    least: int = 10
    component: int = 12
    stratum: int = 100
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
        base: dict[str, Any] = {PERSONS: len(np.unique(records.persons())), "rows": len(records)}
        if state.step in STEPS:
            return Sums(base | ColumnCounts.of(state).sums(records))
        if state.step != "relations":
            return Sums(base | MixtureSteps.of(state, self.seed).sums(records))
        bins, _, whole = _binned(state)
        joined = [np.zeros(0, np.int64), *(own.ravel() for own in level_sums(encoded(records, bins)[0], bins, whole))]
        gaps = gaps_of(records, [found.column.name for found in bins])
        return Sums(base | {"scores_by_level": np.concatenate(joined), "gaps": gaps})

    def combine(self, total: Sums, state: State) -> State | Result:
        """The next state, or the model.

        Raises : TooFewRecords below 30 persons; NotApplicable where persons have several rows or nothing varies.
        """
        least = least_persons(total.persons, self.least)
        if state.step in STEPS:
            one_row_each(total, FEWEST_PERSONS)
            return ColumnCounts.of(state).next(total, least, min(least, ENDS)).state(state, total.persons)
        if state.step == "relations":
            return self._spanned(total, state, least)
        outcome = MixtureSteps.of(state, self.seed).next(total)
        return outcome if isinstance(outcome, State) else stored.result_of(outcome, total.persons, TITLE)

    def _spanned(self, total: Sums, state: State, least: int) -> State:
        """Marginals with their levels in order, axes, and which column makes strata."""
        bins, counts, whole = _binned(state)
        schema = schema_from_plain(state.facts["schema"])
        derived = tuple(derivation_from_plain(rule, schema) for rule in state.facts["derived"])
        computed = {rule.dependent for rule in derived}
        kept = [place for place, found in enumerate(bins) if found.column.name not in computed]
        if not kept:
            raise NotApplicable("No column can be modelled: all follow from others.")
        marginals = [marginal_of(found, count, total.persons) for found, count in zip(bins, counts, strict=True)]
        begin = 0
        for place in unordered(bins):
            unit = np.concatenate([own.unit for other, own in enumerate(whole) if other != place] or [np.zeros(0)])
            size = bins[place].width * len(unit)
            sums = total["scores_by_level"][begin : begin + size].reshape(bins[place].width, -1)
            begin += size
            if len(unit):
                marginals[place] = ordered_levels(marginals[place], sums, unit, counts[place])
        used = tuple(marginals[place] for place in kept)
        gaps = Gaps(int(total["rows"]), total["gaps"][np.ix_(kept, kept)])
        space = LatentSpace(used, axes_of(used, gaps, least))
        by, numbers = self._strata(schema, space, total.persons)
        parts = RowMaker(schema, used, derived).parts()
        said = left_out_notes([bins[place] for place in kept])
        facts = {
            "schema": state.facts["schema"],
            "maker": parts.facts,
            "axes": space.facts(),
            "by": by,
            "numbers": numbers,
            "least": least,
            "component": self.component,
            "said": list(said),
        }
        return State("masses", facts, stored.put("maker", parts.arrays))

    def _strata(self, schema: Schema, space: LatentSpace, persons: int) -> tuple[str, list[int]]:
        marginal, share = stratifying(schema, space.marginals)
        if marginal is None:
            return "", []
        known = persons * (1.0 - marginal.missing)
        mass = np.append(persons - known, marginal.shares * known)
        numbers = stratum_numbers(mass, self.stratum * share)
        return ("", []) if numbers is None else (marginal.column.name, numbers.tolist())


def _binned(state: State) -> tuple[list[Any], list[Any], list[WholeScores]]:
    """Bins of every column, rows of each, and what each bin tells of a record in whole units."""
    schema, persons = schema_from_plain(state.facts["schema"]), int(state.facts["persons"])
    bins = stored.bins_got(schema, state.facts["bins"], state.arrays)
    counts = [state.arrays[f"count.{place:05d}"].copy() for place in range(len(bins))]
    return bins, counts, [WholeScores.of(bin_features(*pair), persons) for pair in zip(bins, counts, strict=True)]
