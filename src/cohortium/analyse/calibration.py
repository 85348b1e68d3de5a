"""Calibration: whether predicted probabilities are as high as the outcome is frequent."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from cohortium.analyse.answers import number, reach
from cohortium.analyse.design import persons_in
from cohortium.analyse.moments import require_numbers
from cohortium.analyse.regression.binary_outcome import happened, require_outcome
from cohortium.errors import InvalidRequest, TooFewRecords
from cohortium.numerics.binned_calibration import calibration_index
from cohortium.numerics.intervals import wilson
from cohortium.records import PERSONS, Result, Schema, State, Sums, Table
from cohortium.registry import algorithm

CLOSEST = 1e-8
"""How close to 0 and 1 probabilities come before their logit is taken."""
MOST_STEPS = 50


@algorithm(
    "calibration",
    title="Calibration of a probability",
    leaves_site="per interval of the probability: persons, outcomes, sum of probabilities; gradient and Hessian sums",
    source="Cox 1958, Biometrika 45, 562; Van Calster et al. 2019, BMC Med. 17, 230; Debray et al. 2017, BMJ 356 i6460"
    "; ICI: Austin & Steyerberg 2019, Stat. Med. 38, 4051",
    counts=("counts", "events"),
)
@dataclass(frozen=True, slots=True)
class Calibration:
    """Calibration table, slope, intercept, ICI, and observed against expected outcomes, of predicted probabilities.

    predicted, outcome : columns; rows where either is missing are left out, as are predictions outside [0, 1].
    event    : level of the outcome that counts, where it is not boolean.
    groups   : rows of the table: groups of persons, as equal in number as the intervals permit (10: deciles).
    bins     : equal intervals of [0, 1] that the groups are put together from; more of them where predictions are low.
    span     : share of the persons, the nearest, that each point of the smoothed curve rests on.
    The slope is that of a logistic regression of the outcome on the logit of the prediction (1 is best; below 1 where
    predictions are too extreme); the intercept is that with the slope held at 1 (0 is best).
    The integrated calibration index (ICI) is the mean distance of predictions from a smoothed (loess) frequency of the
    outcome, E50 and E90 the distances that half and nine tenths of persons do not exceed; 0 is best, and chance alone
    gives more. They are approximated from the intervals, in which everybody counts as having the mean prediction;
    ``ici_resolution`` says how much the ICI changes where intervals are twice as wide. Its limits are by the delta
    method, with the predictions as given; where the ICI is no more than chance gives, they lie too high.
    Reveals  : counts and outcomes in each interval over all sites.
    """

    predicted: str
    outcome: str
    event: str | None = None
    groups: int = 10
    bins: int = 200
    span: float = 0.75
    level: float = 0.95

    def columns(self) -> tuple[str, ...]:
        """The predictions and the outcome."""
        return (self.predicted, self.outcome)

    def start(self, schema: Schema) -> State:
        """Intercept alone at 0; slope 1 with intercept 0."""
        require_numbers(schema, self.predicted)
        require_outcome(schema, self.outcome, self.event)
        reach(self.level)
        if not 1 <= self.groups <= self.bins <= 100_000:
            raise InvalidRequest("Calibration needs at least one group, and as many intervals as groups or more.")
        if not 0 < self.span <= 1:
            raise InvalidRequest(f"The span of the smoothed curve is a share above 0 and up to 1, not {self.span}.")
        return State("fit", {"step": 0}, {"large": np.zeros(1), "line": np.array([0.0, 1.0])})

    def local(self, records: Table, state: State) -> Sums:
        """Counts by interval, and what both fits need for their next step."""
        chance, outcome = records.numeric(self.predicted), happened(records, self.outcome, self.event)
        outside = (chance < 0) | (chance > 1)
        known = ~np.isnan(chance) & ~np.isnan(outcome) & ~outside
        p, y = chance[known], outcome[known]
        place = np.minimum((p * self.bins).astype(np.int64), self.bins - 1)
        near = np.clip(p, CLOSEST, 1 - CLOSEST)
        logit = np.log(near) - np.log1p(-near)
        (a,), (b, slope) = state.arrays["large"], state.arrays["line"]
        large, line = _expit(a + logit), _expit(b + slope * logit)
        design, weight = np.stack([np.ones_like(logit), logit], axis=1), line * (1 - line)
        return Sums(
            {
                PERSONS: persons_in(records.take(known)),
                "counts": np.bincount(place, minlength=self.bins).astype(np.int64),
                "events": np.bincount(place[y == 1], minlength=self.bins).astype(np.int64),
                "expected": np.bincount(place, p, minlength=self.bins).astype(np.float64),
                "large": np.array([(y - large).sum(), (large * (1 - large)).sum()]),
                "gradient": design.T @ (y - line),
                "hessian": design.T @ (weight[:, None] * design),
                "clipped": int((near != p).sum()),
                "outside": int(outside.sum()),
            }
        )

    def combine(self, total: Sums, state: State) -> State | Result:
        """A Newton step for both fits, and the answer once they stand still.

        Raises : TooFewRecords where nobody has the outcome, or everybody.
        """
        n, events = int(total["counts"].sum()), int(total["events"].sum())
        if events in (0, n):
            raise TooFewRecords(
                f"Calibration needs persons with and without '{self.outcome}'; there are none of one of the two."
            )
        step, inverse = _newton(total["gradient"], total["hessian"])
        shift = float(total["large"][0] / total["large"][1]) if total["large"][1] > 0 else 0.0
        moved = max(float(np.abs(np.nan_to_num(step)).max()), abs(shift))
        taken = int(state.facts["step"])
        if moved > 1e-11 and taken < MOST_STEPS:
            # Far from the answer a whole step may overshoot; a logit moves by at most 2 at a time.
            arrays = {
                "large": state.arrays["large"] + np.clip(shift, -2, 2),
                "line": state.arrays["line"] + np.clip(np.nan_to_num(step), -2, 2),
            }
            return State("fit", {"step": taken + 1}, arrays)
        settled = moved <= 1e-8 and bool(np.isfinite(step).all())
        facts = self._facts(total, state, np.sqrt(np.diag(inverse)), settled)
        return Result(f"Calibration of {self.predicted}", total.persons, {"groups": self._table(total)}, facts)

    def _facts(self, total: Sums, state: State, errors: Any, settled: bool) -> dict[str, Any]:
        width = reach(self.level)
        facts: dict[str, Any] = {}
        pairs = {
            "intercept": (state.arrays["large"][0], total["large"][1] ** -0.5 if total["large"][1] > 0 else math.nan),
            "slope": (state.arrays["line"][1], errors[1]),
        }
        for name, (value, error) in pairs.items():
            reached = error * width if settled else math.nan
            facts |= {name: number(value) if settled else None, f"{name}_low": number(value - reached)}
            facts |= {f"{name}_high": number(value + reached)}
        n, observed, expected = int(total["counts"].sum()), int(total["events"].sum()), float(total["expected"].sum())
        ratio = observed / expected if expected > 0 else math.nan
        spread = math.exp(width * math.sqrt((1 - observed / n) / observed))
        facts |= {"observed": observed, "expected": expected, "observed_to_expected": number(ratio)}
        facts |= {"ratio_low": number(ratio / spread), "ratio_high": number(ratio * spread), "level": self.level}
        notes = (
            [] if settled else ["Slope and intercept did not settle: the predictions separate the outcomes or agree."]
        )
        if total["outside"]:
            notes.append(f"{int(total['outside'])} predictions outside 0 to 1 are left out.")
        if total["clipped"]:
            notes.append(f"{int(total['clipped'])} predictions of 0 or 1 were moved by {CLOSEST:g} for their logit.")
        return facts | self._index(total, notes) | {"notes": notes}

    def _index(self, total: Sums, notes: list[str]) -> dict[str, Any]:
        """ICI with its interval, E50 and E90; adds to the notes where they cannot be trusted."""
        n, events = total["counts"].astype(np.float64), total["events"].astype(np.float64)
        found = calibration_index(n, events, total["expected"], self.span)
        names = ("ici", "ici_low", "ici_high", "e50", "e90", "ici_resolution")
        if found is None:
            notes.append("Predictions lie in fewer than three intervals; there is no smoothed curve, nor an ICI.")
            return dict.fromkeys(names)
        if found.resolution > 0.1 * found.ici:
            notes.append("The ICI depends on the width of the intervals; set more 'bins'.")
        width = reach(self.level) * found.error
        ends = max(found.ici - width, 0.0), found.ici + width
        return dict(zip(names, (found.ici, *ends, found.e50, found.e90, found.resolution), strict=True))

    def _table(self, total: Sums) -> dict[str, list[Any]]:
        counts, edges = total["counts"], np.linspace(0, 1, self.bins + 1)
        middle = np.cumsum(counts) - counts / 2
        group = np.minimum((middle * self.groups / max(int(counts.sum()), 1)).astype(np.int64), self.groups - 1)
        keys = ("low", "high", "n", "events", "predicted", "observed", "observed_low", "observed_high")
        table: dict[str, list[Any]] = {key: [] for key in keys}
        for one in np.unique(group[counts > 0]):
            inside = np.flatnonzero((group == one) & (counts > 0))
            n, events = int(counts[inside].sum()), int(total["events"][inside].sum())
            share = wilson(events, n, self.level)
            predicted = float(total["expected"][inside].sum()) / n
            row = float(edges[inside[0]]), float(edges[inside[-1] + 1]), n, events, predicted, *_bounds(share)
            for key, value in zip(keys, row, strict=True):
                table[key].append(value)
        return table


def _bounds(share: Any) -> tuple[float, float, float]:
    return share.value, share.low, share.high


def _expit(x: Any) -> Any:
    return 0.5 * (1 + np.tanh(x / 2))


def _newton(gradient: Any, hessian: Any) -> tuple[Any, Any]:
    """The step and the inverse Hessian; NaN where it has none."""
    if np.linalg.cond(hessian) > 1e12:
        return np.full(2, np.nan), np.full((2, 2), np.nan)
    return np.linalg.solve(hessian, gradient), np.linalg.inv(hessian)
