"""Cox: proportional hazards regression."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from cohortium.analyse.answers import one_of, reach
from cohortium.analyse.design import design, persons_in, term_names
from cohortium.analyse.survival.cox_answer import TRANSFORMS, answer, centred_times, hazard_arrays, summarised
from cohortium.analyse.survival.cox_steps import NewtonStep, likelihood_at
from cohortium.analyse.survival.cox_sums import PointRows, event_counts
from cohortium.analyse.survival.departures import first_state, grid_facts
from cohortium.analyse.survival.event_points import EventPoints
from cohortium.analyse.survival.follow_up import Outcome, cell_codes
from cohortium.analyse.survival.time_grid import TimeGrid, beyond_powers, horizon_from
from cohortium.errors import InvalidRequest, NotApplicable, TooFewRecords
from cohortium.records import PERSONS, Result, Schema, State, Sums, Table
from cohortium.registry import algorithm


@algorithm(
    "cox",
    title="Cox regression",
    leaves_site="sums of weights, covariates and their products over those still at risk, per event time: where one "
    "person leaves between two event times, the difference of two such sums tells that person's covariates",
    source="Cox 1972, JRSS B 34, 187; ties by Breslow 1974 or Efron 1977, JASA 72, 557; site sums as in Lu et al. "
    "2015 (WebDISCO), JAMIA 22, 1212",
    counts=("group_persons", "group_events"),
    family="survival",
)
@dataclass(frozen=True, slots=True)
class Cox:
    """Hazard ratios with intervals, tests of proportional hazards, concordance, and the baseline hazard.

    time, event      : columns of the length of follow-up and of whether it ended in the event.
    covariates       : numeric or nominal columns; rows that miss one are left out.
    strata           : nominal columns; each combination of levels (a site, say) has a baseline hazard of its own.
    event_levels     : levels of ``event`` that count, such as one of several causes, the others being censored; true,
                       1, or the second of two levels where empty.
    entry            : column of the time at which a person came under observation, where that is not 0.
    ties             : "efron" or "breslow".
    ridge            : precision of a normal prior around 0 on each coefficient of the standardised covariates.
    robust           : standard errors that hold where hazards are not proportional, or persons have several rows.
    time_transform   : "rank", "identity" or "log": the scale on which coefficients might change with time.
    score_bins       : bins of the risk score, for concordance; 0 to leave it out.
    events_per_point : neighbouring event times are merged until each has so many events over all sites. Above 1 the
                       answer is that of coarser times, and sums over neighbouring risk sets differ by so many persons
                       (with "breslow"; "efron" also sums those with an event, so that a person censored alone between
                       two points stays apart).
    step_days, horizon_days, level : as in ``KaplanMeier``.
    Raises  : TooFewRecords without an event; NotConverged where a covariate separates events from survivors.
    Reveals : to whoever sees the sums, with one event per point, covariates of single persons (over all sites where
              they are summed securely, of each site where they are not). Merged points make that harder, not
              impossible: every step gives further equations about the same few persons. The answer itself tells one
              number per covariate, and the baseline hazard at each point.
    """

    time: str
    event: str
    covariates: tuple[str, ...]
    strata: tuple[str, ...] = ()
    event_levels: tuple[str, ...] = ()
    entry: str | None = None
    ties: str = "efron"
    ridge: float = 0.0
    robust: bool = False
    time_transform: str = "rank"
    score_bins: int = 201
    events_per_point: int = 1
    step_days: float = 1.0
    horizon_days: float | None = None
    level: float = 0.95

    def columns(self) -> tuple[str, ...]:
        """The outcome, the strata and the covariates."""
        return (*self._outcome().columns, *self._also())

    def start(self, schema: Schema) -> State:
        """Ask for the means of the covariates, and for the horizon where it is not known."""
        reach(self.level)
        one_of(self.ties, ("efron", "breslow"), "ties")
        one_of(self.time_transform, TRANSFORMS, "time_transform")
        if not self.covariates or self.ridge < 0 or self.events_per_point < 1 or self.score_bins < 0:
            raise InvalidRequest(
                "Cox regression needs covariates, a ridge of at least 0, bins of at least 0, and at least 1 event a "
                "point."
            )
        state = first_state(schema, self._outcome(), self.strata, self.step_days, self.horizon_days)
        return State("extent", {**state.facts, "terms": list(term_names(schema, self.covariates))})

    def local(self, records: Table, state: State) -> Sums:
        """The sums of the step that is asked for."""
        grid, last = TimeGrid(**state.facts["grid"]), state.facts["last"]
        follow = self._outcome().read(records, grid, np.iinfo(np.int64).max if last is None else last, self._also())
        X, codes = design(follow.records, self.covariates), cell_codes(follow.records, self.strata)
        if state.step == "extent":
            known = {} if last is not None else {"beyond": beyond_powers(follow.leaves)}
            sums: dict[str, Any] = {"known": len(X), "covariates": X.sum(axis=0)} | known
        elif state.step == "events":
            sums = {"rows": len(records)} | event_counts(follow, codes, X - state.arrays["centre"], state)
        else:
            kept = state.arrays["kept"]
            X = (X[:, kept] - state.arrays["centre"][kept]) / state.arrays["scale"]
            at = PointRows.of(follow, codes, np.ascontiguousarray(X), state)
            if state.step == "residuals":
                sums = at.residual_products(state)
            else:
                sums = at.risk_sums(efron=self.ties == "efron")
            if state.step == "final":
                sums |= at.closing_sums(self._bins(), state)
        return Sums({PERSONS: persons_in(follow.records)} | sums)

    def combine(self, total: Sums, state: State) -> State | Result:
        """The next step of Newton's method, or the answer."""
        if state.step == "extent":
            return self._centred(total, state)
        if state.step == "events":
            return self._standardised(total, state)
        if state.step == "newton":
            return NewtonStep(self.ties == "efron", self.ridge, self._final).after(total, state)
        if state.step == "residuals":
            return answer(self, state, total.persons, total["residual_products"])
        found = likelihood_at(total, state, efron=self.ties == "efron")
        closing = summarised(self, found, total, state)
        if not self.robust:
            return answer(self, closing, total.persons, None)
        return State("residuals", closing.facts, {**closing.arrays, **hazard_arrays(found)})

    def _outcome(self) -> Outcome:
        return Outcome(self.time, self.event, (self.event_levels,) if self.event_levels else (), self.entry)

    def _also(self) -> tuple[str, ...]:
        return (*self.strata, *self.covariates)

    def _bins(self) -> int:
        # With late entry, who was at risk at an earlier event is not in these counts.
        return 0 if self.entry is not None else self.score_bins

    def _centred(self, total: Sums, state: State) -> State:
        known = int(total["known"])
        if not known:
            raise TooFewRecords("Cox regression needs persons with follow-up and all covariates known; there are none.")
        last = state.facts["last"] or horizon_from(total["beyond"], self.time)
        return State("events", {**state.facts, "last": last}, {"centre": total["covariates"] / known})

    def _standardised(self, total: Sums, state: State) -> State:
        """The event points, the scale of the covariates, and Newton's start."""
        events, known = total["events"], int(total["known"])
        if not events.sum() > 0:
            raise TooFewRecords(
                f"Cox regression needs at least one event; none was seen in '{self.event}' among {known} rows with "
                "known follow-up and covariates."
            )
        centre = state.arrays["centre"]
        variance = np.diag(total["products"]) / known
        kept = np.flatnonzero(variance > (1e-10 * np.abs(centre)) ** 2)
        if not len(kept):
            raise NotApplicable(f"The covariates {list(self.covariates)} have one and the same value in every row.")
        scale = np.sqrt(variance[kept])
        facts = {
            **state.facts,
            "about": grid_facts(total, TimeGrid(**state.facts["grid"]), int(state.facts["last"])),
            "rows_in_strata": total["group_persons"].tolist(),
        }
        arrays = {
            "centre": centre,
            "kept": kept,
            "scale": scale,
            "correlation": total["products"][np.ix_(kept, kept)] / known / np.outer(scale, scale),
            "coefficients": np.zeros(len(kept)),
            "accepted": np.zeros(len(kept)),
            **EventPoints.of(events, self.events_per_point).to_arrays(),
        }
        return State("newton", {**facts, "steps": 0, "halvings": 0, "objective": None}, arrays)

    def _final(self, state: State) -> State:
        """The state that asks for everything that is told at the last coefficients."""
        coefficients = state.arrays["coefficients"]
        spread = float(np.sqrt(max(coefficients @ state.arrays["correlation"] @ coefficients, 0.0)))
        times = centred_times(EventPoints.from_arrays(state.arrays), self.time_transform)
        return State("final", {**state.facts, "score_sd": spread}, {**state.arrays, "transformed": times})
