"""Competing risks: the chance of each cause over time, where one event keeps the others from happening."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.analyse.answers import numbers, reach
from cohortium.analyse.design import levels_of
from cohortium.analyse.survival.departures import Departures, departures, first_state, settled
from cohortium.analyse.survival.follow_up import Outcome
from cohortium.errors import InvalidRequest
from cohortium.numerics.life_table import Incidence, cumulative_incidence, log_log_limits
from cohortium.records import Result, Schema, State, Sums, Table
from cohortium.registry import algorithm

if TYPE_CHECKING:
    from numpy.typing import NDArray

Columns = dict[str, list[Any]]


@algorithm(
    "competing_risks",
    title="Cumulative incidence of competing causes",
    leaves_site="per group, cause and grid time: how many had that event then, and how many left without any; at a "
    "step of one day most of these counts are of single persons",
    source="Aalen & Johansen 1978, Scand. J. Statist. 5, 141; variance as in Marubini & Valsecchi 1995, p. 341",
    counts=("group_persons", "group_events"),
    cells=(("curve", ("at_risk",)), ("causes", ("n",))),
    family="survival",
)
@dataclass(frozen=True, slots=True)
class CompetingRisks:
    """Aalen-Johansen cumulative incidence by cause and group, with log-log intervals.

    time, event : columns of the length of follow-up and of how it ended.
    causes      : levels of ``event`` that are causes. All other levels count as censored, so a cause that is left out
                  here is treated as if those persons could still have the event later: name every cause.
    groups, entry, at_days, step_days, horizon_days, level : as in ``KaplanMeier``.
    For the hazard of one cause given covariates, use ``Cox`` with ``event_levels`` naming that cause.
    Raises  : TooFewRecords where no event was seen; InvalidRequest for fewer than two causes.
    Reveals : numbers at risk and of events per group and cause at each time of such an event, over all sites.
    """

    time: str
    event: str
    causes: tuple[str, ...]
    groups: tuple[str, ...] = ()
    entry: str | None = None
    at_days: tuple[float, ...] = ()
    step_days: float = 1.0
    horizon_days: float | None = None
    level: float = 0.95

    def columns(self) -> tuple[str, ...]:
        """The outcome and the groups."""
        return (*self._outcome().columns, *self.groups)

    def start(self, schema: Schema) -> State:
        """Ask for the horizon, or for the counts where it is known."""
        reach(self.level)
        if len(set(self.causes)) != len(self.causes) or len(self.causes) < 2:
            raise InvalidRequest(
                f"At least two different causes were expected among the levels of '{self.event}', which are "
                f"{list(levels_of(schema, self.event))}; {list(self.causes)} came. For one cause use Kaplan-Meier."
            )
        return first_state(schema, self._outcome(), self.groups, self.step_days, self.horizon_days)

    def local(self, records: Table, state: State) -> Sums:
        """Who leaves when and why, counted."""
        return departures(records, state, self._outcome(), self.groups)[1]

    def combine(self, total: Sums, state: State) -> State | Result:
        """The incidence of each cause."""
        found = settled(total, state, self._outcome())
        return found if isinstance(found, State) else self._answer(found, total.persons)

    def _outcome(self) -> Outcome:
        return Outcome(self.time, self.event, tuple((cause,) for cause in self.causes), self.entry)

    def _answer(self, found: Departures, persons: int) -> Result:
        z = reach(self.level)
        tables: dict[str, Columns] = {}
        for cell in np.flatnonzero(found.persons > 0).tolist():
            for place, cause in enumerate(self.causes):
                one = cumulative_incidence(found.times, found.events[cell], found.at_risk[cell], place)
                for table, rows in (
                    ("curve", _steps(one, found.events[cell, place], z)),
                    ("causes", _counted(found, cell, place) | _at(one, found, cell, (_longest(found, cell),), z)),
                    ("at_times", _at(one, found, cell, self.at_days, z)),
                ):
                    if table != "at_times" or self.at_days:
                        _append(tables, table, found.cells[cell], cause, rows)
        facts = {**found.facts, "level": self.level}
        return Result("Cumulative incidence of competing causes", persons, tables, facts)


def _append(tables: dict[str, Columns], name: str, group: str, cause: str, rows: Columns) -> None:
    length = len(next(iter(rows.values())))
    named = {"group": [group] * length, "cause": [cause] * length} | rows
    table = tables.setdefault(name, {column: [] for column in named})
    for column, values in named.items():
        table[column].extend(values)


def _steps(one: Incidence, events: NDArray[np.int64], z: float) -> Columns:
    """The incidence at the times at which it rises."""
    low, high = log_log_limits(one.value, one.variance, z)
    return {
        "time": one.times.tolist(),
        "at_risk": one.at_risk.astype(int).tolist(),
        "events": events[events > 0].tolist(),
        "incidence": one.value.tolist(),
        "se": np.sqrt(one.variance).tolist(),
        "low": numbers(low),
        "high": numbers(high),
    }


def _counted(found: Departures, cell: int, place: int) -> Columns:
    return {"n": [int(found.persons[cell])], "events": [int(found.events[cell, place].sum())]}


def _longest(found: Departures, cell: int) -> float:
    """The last time at which anybody of the group was at risk."""
    return float(found.times[np.flatnonzero(found.at_risk[cell])[-1]])


def _at(one: Incidence, found: Departures, cell: int, at: tuple[float, ...], z: float) -> Columns:
    """Incidence at asked times; None beyond the follow-up of the group, unless all had an event."""
    asked = np.asarray(at, dtype=np.float64)
    before = np.searchsorted(one.times, asked + 1e-9 * found.grid.step, "right")
    value = np.concatenate([[0.0], one.value])[before]
    low, high = log_log_limits(value, np.concatenate([[0.0], one.variance])[before], z)
    # Where nobody is left without an event, the incidences stay as they are for ever.
    ended = found.censored[cell].sum() == 0
    known = (found.at_risk_at(cell, asked) > 0) | ended
    columns = {"incidence": value, "low": low, "high": high}
    return {"time": asked.tolist()} | {key: numbers(np.where(known, x, np.nan)) for key, x in columns.items()}
