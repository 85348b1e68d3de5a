"""Discrimination: how well a score tells those with an outcome from those without, from summed histograms of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from cohortium.analyse.answers import one_of, reach
from cohortium.analyse.design import persons_in
from cohortium.analyse.histogram import equal_edges
from cohortium.analyse.moments import require_numbers
from cohortium.analyse.noise.discrimination import MOST_BINS, noisy_answer
from cohortium.analyse.regression.binary_outcome import happened, require_outcome
from cohortium.errors import TooFewRecords
from cohortium.numerics.binned_roc import BinnedRoc
from cohortium.privacy.sensitivity import one_row_per_person
from cohortium.records import PERSONS, Result, Schema, State, Sums, Table
from cohortium.registry import algorithm

ROWS = 101
NOISY = "noisy counts"
"""The step that asks for counts in few intervals, without the squared error."""


@algorithm(
    "discrimination",
    title="Discrimination of a score",
    leaves_site="how many with and without the outcome have a score in each interval; the sum of squared errors",
    source="DeLong et al. 1988, Biometrics 44, 837; Hanley & McNeil 1982, Radiology 143, 29; Brier 1950",
    counts=("with_outcome", "without_outcome"),
)
@dataclass(frozen=True, slots=True)
class Discrimination:
    """ROC curve, area under it with interval, and Brier score of a column that holds a score or probability.

    score, outcome : columns; rows where either is missing are left out.
    event          : level of the outcome that counts, where it is not boolean.
    low, high      : range of the score, agreed beforehand; scores beyond count in the outermost intervals.
    bins           : intervals; scores in one interval count as ties, and the answer says by how much that can matter.
    interval       : "delong" or "hanley-mcneil".
    In mode "dp" there are at most 20 intervals, the area's interval allows for the noise, and no Brier score is given.
    Reveals        : counts of the score's intervals by outcome over all sites.
    """

    score: str
    outcome: str
    event: str | None = None
    low: float = 0.0
    high: float = 1.0
    bins: int = 1000
    interval: str = "delong"
    level: float = 0.95

    def columns(self) -> tuple[str, ...]:
        """The score and the outcome."""
        return (self.score, self.outcome)

    def start(self, schema: Schema) -> State:
        """Ask for the histograms."""
        require_numbers(schema, self.score)
        require_outcome(schema, self.outcome, self.event)
        one_of(self.interval, ("delong", "hanley-mcneil"), "interval")
        reach(self.level)
        equal_edges(self.score, self.low, self.high, self.bins)
        return State("counts")

    def steps(self) -> int:
        """One, so that in mode "dp" it may cost all that the analysis has."""
        return 1

    def start_noisy(self, schema: Schema) -> State:
        """Ask for the histograms alone."""
        self.start(schema)
        return State(NOISY)

    def sensitivity(self, state: State) -> dict[str, float]:
        """One person is one row, and so adds 1 to one count."""
        return dict.fromkeys((PERSONS, "with_outcome", "without_outcome", "missing"), 1.0)

    def array_weights(self, state: State) -> Mapping[str, float]:
        """Most for the histograms."""
        return {PERSONS: 0.05, "missing": 0.05}

    def clip(self, records: Table, state: State) -> Table:
        """One row per person, with score and outcome where there is such a row."""
        is_complete = ~records.missing(self.score) & ~records.missing(self.outcome)
        return one_row_per_person(records, is_complete.astype(np.int64))

    def local(self, records: Table, state: State) -> Sums:
        """Histograms of the score by outcome."""
        score, outcome = records.numeric(self.score), happened(records, self.outcome, self.event)
        known = ~np.isnan(score) & ~np.isnan(outcome)
        score, outcome = score[known], outcome[known]
        share = (np.clip(score, self.low, self.high) - self.low) / (self.high - self.low)
        bins = min(self.bins, MOST_BINS) if state.step == NOISY else self.bins
        place = np.minimum((share * bins).astype(np.int64), bins - 1)
        counts: dict[str, Any] = {
            PERSONS: persons_in(records.take(known)),
            "with_outcome": np.bincount(place[outcome == 1], minlength=bins).astype(np.int64),
            "without_outcome": np.bincount(place[outcome == 0], minlength=bins).astype(np.int64),
            "missing": int((~known).sum()),
        }
        if state.step != NOISY:
            counts["beyond"] = int(((score < self.low) | (score > self.high)).sum())
            counts["squared_error"] = float(((score - outcome) ** 2).sum())
        return Sums(counts)

    def combine(self, total: Sums, state: State) -> State | Result:
        """Area, interval, curve and Brier score.

        Raises : TooFewRecords where nobody has the outcome, or everybody.
        """
        if state.step == NOISY:
            facts, curve = noisy_answer(total, self.low, self.high, self.level)
            tables = {"roc": curve} if curve else {}
            return Result(f"Discrimination of {self.score}", total.persons, tables, facts)
        roc = BinnedRoc(total["with_outcome"], total["without_outcome"])
        if not roc.positives or not roc.negatives:
            raise TooFewRecords(
                f"A score is judged by those with and those without '{self.outcome}'; one of the two groups is empty."
            )
        error = roc.delong_error() if self.interval == "delong" else roc.hanley_mcneil_error()
        low, high = roc.interval(error, self.level)
        facts = {
            "auc": roc.area,
            "auc_low": low,
            "auc_high": high,
            "auc_se": error,
            "auc_resolution": roc.resolution,
            "interval": self.interval,
            "level": self.level,
            "with_outcome": roc.positives,
            "without_outcome": roc.negatives,
            "missing": int(total["missing"]),
        }
        facts |= self._brier(total, roc) | {"notes": self._notes(total, roc)}
        return Result(f"Discrimination of {self.score}", total.persons, {"roc": self._curve(roc)}, facts)

    def _brier(self, total: Sums, roc: BinnedRoc) -> dict[str, float | None]:
        """The Brier score, and the share by which it is better than that of the prevalence; of probabilities only."""
        if (self.low, self.high) != (0.0, 1.0) or total["beyond"]:
            return {"brier": None, "brier_scaled": None}
        n = roc.positives + roc.negatives
        brier, prevalence = float(total["squared_error"]) / n, roc.positives / n
        return {"brier": brier, "brier_scaled": 1 - brier / (prevalence * (1 - prevalence))}

    def _curve(self, roc: BinnedRoc) -> dict[str, list[Any]]:
        """Sensitivity and specificity of calling a score at or above each threshold positive; at most 101 rows."""
        chosen = np.unique(np.linspace(0, self.bins, min(self.bins + 1, ROWS)).round().astype(np.int64))
        edges = np.linspace(self.low, self.high, self.bins + 1)
        return {
            "threshold": [float(edge) for edge in edges[chosen]],
            "sensitivity": [float(one) for one in roc.sensitivity[chosen]],
            "specificity": [float(one) for one in roc.specificity[chosen]],
        }

    def _notes(self, total: Sums, roc: BinnedRoc) -> list[str]:
        notes = [f"The area is within {roc.resolution:.2g} of that without intervals."]
        if total["beyond"]:
            notes.append(f"{int(total['beyond'])} scores lie beyond the range, and count at its bounds.")
        if math.isclose(roc.area, 0.5) and roc.resolution >= 0.5:
            notes.append("All scores lie in one interval: give a range that fits, or more intervals.")
        return notes
