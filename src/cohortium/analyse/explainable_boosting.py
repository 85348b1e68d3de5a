"""Explainable boosting: a sum of one curve for each feature, made for little privacy budget and few persons."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.analyse.answers import one_of
from cohortium.analyse.design import persons_in
from cohortium.analyse.noise.counts import noise_facts
from cohortium.analyse.regression.binary_outcome import happened, require_outcome
from cohortium.analyse.trees.additive import Additive, first_model, moved, starts_of
from cohortium.analyse.trees.agreed_bins import AgreedBins
from cohortium.analyse.trees.fitted import SUM, fitted_result
from cohortium.analyse.trees.losses import sigmoid
from cohortium.analyse.trees.public_bins import FineCells
from cohortium.analyse.trees.shapes import importance_of, shape_table, shape_trees
from cohortium.analyse.trees.target import CLASSES, EVENT, NO_EVENT, NUMBER
from cohortium.errors import InvalidRequest, TooFewRecords
from cohortium.privacy.sensitivity import one_row_per_person, plausible_range
from cohortium.records import PERSONS, Result, Schema, State, Sums, Table
from cohortium.registry import algorithm

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]

COUNTS = "counts"
ROUND_PARTS = 5
"""Of six parts of the budget, one is for counts and five are for the rounds."""
NOTE = "Sums carry noise that hides any single person, and of each person one row counts."


@algorithm(
    "explainable_boosting",
    title="Explainable boosting",
    leaves_site="how many persons have each level or lie in each interval of each feature, and the outcome; then, at "
    "each round, the sums there of what the model gets wrong",
    source="Lou, Caruana & Gehrke 2012, KDD, 150; noise: Nori et al. 2021, ICML, 8227 (DP-EBM); all features at once "
    "instead of one after the other",
    counts=("cells",),
    family="trees",
)
@dataclass(frozen=True, slots=True)
class ExplainableBoosting:
    """A curve over the bins of each feature, added up: foretells yes or no, or a number. Works in mode "dp".

    outcome, event : the column to foretell, and the level that counts as the outcome.
    features : numbers with a plausible range in the schema, and nominal columns; missing values are a bin of their own.
    kind     : "classes" (yes or no) or "number", whose values beyond its plausible range count as its ends.
    rounds   : how often all curves are moved at once.
    rate     : what of each step is taken; at most 2 over the number of features, beyond which features that tell the
               same would overshoot together.
    damping  : how strongly bins of few persons are held back, in standard deviations of the noise.
    l2       : the same in persons, without noise as well.
    smallest : fewest persons in a bin.
    Raises   : NotApplicable where a number states no plausible range; TooFewRecords below twice ``smallest`` persons.
    Reveals  : the curves, and how many persons are in each bin, in sum over all sites.
    """

    outcome: str
    features: tuple[str, ...]
    event: str | None = None
    kind: str = CLASSES
    rounds: int = 12
    rate: float = 0.2
    damping: float = 2.0
    l2: float = 1.0
    smallest: int = 10

    def columns(self) -> tuple[str, ...]:
        """Outcome and features."""
        return (self.outcome, *self.features)

    def steps(self) -> tuple[int, ...]:
        """The counts get a sixth of the budget, the rounds share the rest."""
        return (self.rounds, *[ROUND_PARTS] * self.rounds)

    def start(self, schema: Schema) -> State:
        """Ask for counts."""
        one_of(self.kind, (CLASSES, NUMBER), "kind")
        if not self.features or len(set(self.columns())) <= len(self.features):
            raise InvalidRequest("Name at least one feature in 'features', each once, and not the outcome among them.")
        if (
            not (1 <= self.rounds <= 500 and 0 < self.rate <= 1 and self.smallest >= 1)
            or min(self.damping, self.l2) < 0
        ):
            raise InvalidRequest("Explainable boosting takes 1 to 500 rounds, a rate up to 1, and no negative setting.")
        cells, ends = FineCells.of(schema, self.features), [0.0, 1.0]
        if self.kind == CLASSES:
            require_outcome(schema, self.outcome, self.event)
        else:
            ends = list(plausible_range(schema[self.outcome]))
        listed, edges = cells.parts()
        return State(COUNTS, {"ends": ends, "cells": listed}, {"edges": edges})

    def local(self, records: Table, state: State) -> Sums:
        """Counts of the cells, or sums of what the model gets wrong in the bins."""
        outcome = self._outcome(records, state)
        rows, known = records.take(~np.isnan(outcome)), outcome[~np.isnan(outcome)]
        cells = FineCells.of(records.schema, self.features)
        base: dict[str, Any] = {PERSONS: persons_in(rows)}
        if state.step == COUNTS:
            fine = cells.apply(rows) + starts_of(cells.widths)
            counted = np.bincount(fine.ravel(), minlength=sum(cells.widths))
            return Sums(base | {"cells": counted, "outcome": float(known.sum())})
        model = Additive.of(state)
        bins = model.bins_of(cells.apply(rows), cells.widths)
        wrong = np.repeat(self._wrong(model.scores(bins), known), len(self.features))
        summed = np.bincount(bins.ravel(), wrong, len(model.curve))
        return Sums(base | {"slopes": summed.astype(np.float64)})

    def sensitivity(self, state: State) -> dict[str, float]:
        """One person is one row: in each feature one cell, by 1, or one bin, by at most 1, whatever the model is.

        An outcome is moved into [0, 1], and what a model gets wrong into [-1, 1]; the row's bins are different entries,
        since no two features share one. So the norm is at most the root of the number of features.
        """
        each = math.sqrt(len(self.features))
        return {PERSONS: 1.0} | ({"cells": each, "outcome": 1.0} if state.step == COUNTS else {"slopes": each})

    def array_weights(self, state: State) -> Mapping[str, float]:
        """Nearly all for cells and slopes."""
        return {PERSONS: 0.05, "outcome": 0.05} if state.step == COUNTS else {PERSONS: 0.01}

    def clip(self, records: Table, state: State) -> Table:
        """One row per person, with the outcome where there is such a row."""
        return one_row_per_person(records, (~records.missing(self.outcome)).astype(np.int64))

    def combine(self, total: Sums, state: State) -> State | Result:
        """The next round, or the curves; raises TooFewRecords."""
        if state.step == COUNTS:
            if total.persons < 2 * self.smallest:
                raise TooFewRecords(
                    f"Explainable boosting needs {2 * self.smallest} persons whose outcome is known; all sites "
                    f"together have {total.persons}."
                )
            cells = FineCells.from_parts(state.facts["cells"], state.arrays["edges"])
            return first_model(total, state, cells, self.smallest, self.kind == CLASSES)
        following = moved(total, state, min(self.rate, 2 / len(self.features)), self.damping, self.l2)
        return self._answer(total, following) if following.facts["round"] >= self.rounds else following

    def _outcome(self, records: Table, state: State) -> Reals:
        """0 to 1 (n,), NaN where missing; a number as a share of its range."""
        if self.kind == CLASSES:
            return happened(records, self.outcome, self.event)
        low, high = state.facts["ends"]
        found: Reals = np.clip((records.numeric(self.outcome) - low) / (high - low), 0.0, 1.0)
        return found

    def _wrong(self, scores: Reals, outcome: Reals) -> Reals:
        """Between -1 and 1 (n,), for any scores: one that is no number would carry a person past the noise."""
        foretold = sigmoid(scores) if self.kind == CLASSES else scores
        return np.clip(np.nan_to_num(foretold - outcome), -1.0, 1.0)

    def _answer(self, total: Sums, state: State) -> Result:
        model, (low, high) = Additive.of(state), state.facts["ends"]
        scale = high - low if self.kind == NUMBER else 1.0
        counted = state.arrays["persons"]
        persons = model.by_feature(counted)
        # bins that were not moved weigh nothing, or means would tell counts that the gate keeps in
        weights = model.by_feature(np.where(counted >= state.facts["enough"], counted, 0.0))
        noise = model.by_feature(scale * np.sqrt(state.arrays["variance"]))
        curves, start = centred(model.by_feature(scale * model.curve), weights)
        start += low + scale * model.start if self.kind == NUMBER else model.start
        columns = AgreedBins.of(state.facts["bins"], state.arrays["cuts"]).columns
        tables = {
            "importance": importance_of(columns, curves, weights),
            "curves": shape_table(columns, curves, persons, noise),
        }
        facts = {
            "answer": "chance" if self.kind == CLASSES else "score",
            "together": SUM,
            "notes": [NOTE] if total.noise else [],
            **noise_facts(total),
        }
        counts = {
            "persons": state.facts["persons"],
            "rows": state.facts["persons"],
            "sizes": [state.facts["persons"], 0],
        }
        named = {"bins": state.facts["bins"], "classes": [NO_EVENT, EVENT] if self.kind == CLASSES else []}
        trees = State("answer", counts | named, shape_trees(curves) | {"cuts": state.arrays["cuts"]})
        return fitted_result("Explainable boosting", trees, np.array([start]), tables, facts)


def centred(curves: list[Reals], persons: list[Reals]) -> tuple[list[Reals], float]:
    """The curves less what each adds for the average person, and the sum of that."""
    moved_by, found = 0.0, []
    for curve, counts in zip(curves, persons, strict=True):
        weights = np.maximum(counts, 0.0)
        mean = float(np.average(curve, weights=weights if weights.sum() > 0 else None))
        found.append(curve - mean)
        moved_by += mean
    return found, moved_by
