"""Kaplan-Meier: survival over time by group, its median, and its restricted mean."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from cohortium.analyse.answers import number, numbers, reach
from cohortium.analyse.noise.interval_counts import (
    INTERVALS,
    WEIGHTS,
    interval_counts,
    interval_sensitivity,
    intervals_state,
    known_row_per_person,
)
from cohortium.analyse.noise.kaplan_meier import mean_differences, noisy_tables
from cohortium.analyse.survival.departures import Departures, departures, first_state, settled
from cohortium.analyse.survival.follow_up import Outcome
from cohortium.numerics.life_table import first_at_most, log_log_limits, restricted_mean, survival_curve
from cohortium.numerics.survival_curves import Curve
from cohortium.records import Result, Schema, State, Sums, Table
from cohortium.registry import algorithm


@algorithm(
    "kaplan_meier",
    title="Kaplan-Meier survival",
    leaves_site="per group and grid time: how many had the event then, and how many left without it; at a step of one "
    "day most of these counts are of single persons",
    source="Kaplan & Meier 1958, JASA 53, 457; Greenwood 1926; restricted mean as in Royston & Parmar 2013, "
    "BMC Med. Res. Methodol. 13, 152",
    counts=("group_persons", "group_events"),
    cells=(("curve", ("at_risk",)), ("groups", ("n",))),
    family="survival",
)
@dataclass(frozen=True, slots=True)
class KaplanMeier:
    """Survival with log-log intervals, median, restricted mean, and differences of restricted means between groups.

    time, event   : columns of the length of follow-up and of whether it ended in the event.
    groups        : nominal columns; a curve for each combination of their levels.
    event_levels  : levels of ``event`` that count; true, 1, or the second of two levels where empty.
    entry         : column of the time at which a person came under observation, where that is not 0.
    at_days       : times at which to tell the survival.
    restrict_days : end of the restricted mean; where None, the longest follow-up of the group with the shortest.
    step_days     : the grid. Times are rounded to the nearest step; a coarser one reveals less.
    horizon_days  : follow-up beyond it is not looked at; where None, the schema's largest plausible time, or the
                    first power of two of steps that nobody passes, found by counts.
    In mode "dp" a person counts in one of at most 24 intervals up to the horizon, which must be known; the curve is
    that of a life table then, and ends where noise outweighs those at risk.
    Times are told in days, or in the column's own unit where the schema names none (and settings are then in it).
    Raises  : InvalidRecords for negative times; TooFewRecords where no event was seen.
    Reveals : numbers at risk and of events per group at each time of an event, over all sites. A difference of two
              answers that differ by one person tells when that person left.
    """

    time: str
    event: str
    groups: tuple[str, ...] = ()
    event_levels: tuple[str, ...] = ()
    entry: str | None = None
    at_days: tuple[float, ...] = ()
    restrict_days: float | None = None
    step_days: float = 1.0
    horizon_days: float | None = None
    level: float = 0.95

    def columns(self) -> tuple[str, ...]:
        """The outcome and the groups."""
        return (*self._outcome().columns, *self.groups)

    def start(self, schema: Schema) -> State:
        """Ask for the horizon, or for the counts where it is known."""
        reach(self.level)
        return first_state(schema, self._outcome(), self.groups, self.step_days, self.horizon_days)

    def steps(self) -> int:
        """One in mode "dp"."""
        return 1

    def start_noisy(self, schema: Schema) -> State:
        """Ask for counts in few intervals."""
        reach(self.level)
        return intervals_state(schema, self._outcome(), self.groups, self.step_days, self.horizon_days)

    def sensitivity(self, state: State) -> dict[str, float]:
        """One person is in one cell."""
        return interval_sensitivity()

    def array_weights(self, state: State) -> Mapping[str, float]:
        """Most for those who leave."""
        return WEIGHTS

    def clip(self, records: Table, state: State) -> Table:
        """One row per person, a complete one where there is one."""
        return known_row_per_person(records, self._outcome(), self.groups)

    def local(self, records: Table, state: State) -> Sums:
        """Who leaves when, counted."""
        if state.step == INTERVALS:
            return interval_counts(records, state, self._outcome(), self.groups)
        return departures(records, state, self._outcome(), self.groups)[1]

    def combine(self, total: Sums, state: State) -> State | Result:
        """The curves."""
        if state.step == INTERVALS:
            z = reach(self.level)
            tables, facts = noisy_tables(total, state, self.at_days, self.restrict_days, self.level, z)
            return Result("Kaplan-Meier survival", total.persons, tables, facts)
        found = settled(total, state, self._outcome())
        return found if isinstance(found, State) else self._answer(found, total.persons)

    def _outcome(self) -> Outcome:
        return Outcome(self.time, self.event, (self.event_levels,) if self.event_levels else (), self.entry)

    def _answer(self, found: Departures, persons: int) -> Result:
        z = reach(self.level)
        used = [cell for cell in range(len(found.cells)) if found.persons[cell] > 0]
        longest = [float(found.times[np.flatnonzero(found.at_risk[cell])[-1]]) for cell in used]
        until = min(longest) if self.restrict_days is None else self.restrict_days
        tables: dict[str, dict[str, list[Any]]] = {}
        means = {}
        for cell, followed in zip(used, longest, strict=True):
            name = found.cells[cell]
            curve = survival_curve(found.times, found.events[cell, 0], found.at_risk[cell])
            # Where the curve has reached 0, or follow-up has not ended, the area up to ``until`` is known.
            known = until <= followed or (len(curve.survival) > 0 and curve.survival[-1] == 0)
            means[name] = restricted_mean(curve, until) if known else (math.nan, math.nan)
            _extend(tables, "curve", _steps(name, curve, found, cell, z))
            _extend(tables, "groups", _summary(name, curve, found, cell, means[name], z))
            if self.at_days:
                _extend(tables, "at_times", _at_times(name, curve, found, cell, self.at_days, z))
        if len(used) > 1:
            tables["restricted_mean_differences"] = mean_differences(means, z)
        facts = {**found.facts, "level": self.level, "restricted_to": until}
        return Result("Kaplan-Meier survival", persons, tables, facts)


def _extend(tables: dict[str, dict[str, list[Any]]], name: str, rows: dict[str, list[Any]]) -> None:
    table = tables.setdefault(name, {column: [] for column in rows})
    for column, values in rows.items():
        table[column].extend(values)


def _steps(name: str, curve: Curve, found: Departures, cell: int, z: float) -> dict[str, list[Any]]:
    """The curve at the times at which it falls."""
    low, high = log_log_limits(curve.survival, curve.variance, z)
    return {
        "group": [name] * len(curve.times),
        "time": curve.times.tolist(),
        "at_risk": curve.at_risk.astype(int).tolist(),
        "events": found.events[cell, 0][found.events[cell, 0] > 0].tolist(),
        "survival": curve.survival.tolist(),
        "se": np.sqrt(curve.variance).tolist(),
        "low": numbers(low),
        "high": numbers(high),
    }


def _summary(
    name: str, curve: Curve, found: Departures, cell: int, mean: tuple[float, float], z: float
) -> dict[str, list[Any]]:
    """Median with the interval of Brookmeyer & Crowley 1982, and the restricted mean."""
    low, high = log_log_limits(curve.survival, curve.variance, z)
    error = math.sqrt(mean[1])
    return {
        "group": [name],
        "n": [int(found.persons[cell])],
        "events": [int(found.events[cell].sum())],
        "median": [first_at_most(curve.times, curve.survival, 0.5)],
        "median_low": [first_at_most(curve.times, low, 0.5)],
        "median_high": [first_at_most(curve.times, high, 0.5)],
        "restricted_mean": [number(mean[0])],
        "restricted_mean_low": [number(mean[0] - z * error)],
        "restricted_mean_high": [number(mean[0] + z * error)],
    }


def _at_times(
    name: str, curve: Curve, found: Departures, cell: int, at: tuple[float, ...], z: float
) -> dict[str, list[Any]]:
    """Survival at asked times; none beyond the last time at which anybody was at risk."""
    asked = np.asarray(at, dtype=np.float64)
    before = np.searchsorted(curve.times, asked + 1e-9 * found.grid.step, "right")
    value = np.concatenate([[1.0], curve.survival])[before]
    low, high = log_log_limits(value, np.concatenate([[0.0], curve.variance])[before], z)
    at_risk = found.at_risk_at(cell, asked)
    known = (at_risk > 0) | (value == 0)
    return {
        "group": [name] * len(asked),
        "time": asked.tolist(),
        "at_risk": at_risk.tolist(),
        "survival": numbers(np.where(known, value, np.nan)),
        "low": numbers(np.where(known, low, np.nan)),
        "high": numbers(np.where(known, high, np.nan)),
    }
