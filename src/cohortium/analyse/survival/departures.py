"""Counts of persons who leave observation, by group, cause and grid time: all that curves and rank tests need.

Whoever is at risk at a time leaves then or later, so the numbers at risk are sums of departures from behind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.analyse.design import persons_in
from cohortium.analyse.survival.follow_up import FollowUp, Outcome, cell_codes, cell_names
from cohortium.analyse.survival.time_grid import TimeGrid, beyond_powers, horizon_from
from cohortium.errors import TooFewRecords
from cohortium.numerics.life_table import numbers_at_risk
from cohortium.records import PERSONS, Schema, State, Sums, Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_ROWS = 2.0**40


@dataclass(frozen=True, slots=True)
class Departures:
    """Counts over all sites on the grid times 0 .. T.

    grid    : what the times are.
    cells   : names of the C groups.
    censored: (C, T + 1) persons who left without an event.
    events  : (C, causes, T + 1).
    at_risk : (C, T + 1) persons at risk at each time.
    facts   : what to tell about the grid and about rows left out.
    """

    grid: TimeGrid
    cells: tuple[str, ...]
    censored: NDArray[np.int64]
    events: NDArray[np.int64]
    at_risk: NDArray[np.int64]
    facts: dict[str, Any]

    @property
    def times(self) -> NDArray[np.float64]:
        """(T + 1,) in the unit of the grid."""
        return self.grid.times(np.arange(self.at_risk.shape[1]))

    @property
    def persons(self) -> NDArray[np.int64]:
        """(C,) rows followed in each group."""
        return np.asarray(self.censored.sum(axis=1) + self.events.sum(axis=(1, 2)))

    def at_risk_at(self, cell: int, times: NDArray[np.float64]) -> NDArray[np.int64]:
        """Persons of a group at risk just before each of these times; 0 beyond the horizon."""
        place = np.ceil(times / self.grid.step - 1e-9).astype(np.int64)
        counts = np.concatenate([self.at_risk[cell], [0]])
        return np.asarray(counts[np.clip(place, 0, len(counts) - 1)])


def first_state(
    schema: Schema, outcome: Outcome, by: Sequence[str], step_days: float, horizon_days: float | None
) -> State:
    """The state that asks for the horizon, or for the counts where the horizon is known beforehand.

    Raises : InvalidRequest where the settings do not fit the schema.
    """
    outcome.check(schema)
    grid = TimeGrid.of(schema, outcome.time, step_days)
    if outcome.entry is not None:
        TimeGrid.of(schema, outcome.entry, step_days)
    last = grid.steps_until(horizon_days) or grid.steps_to_maximum(schema, outcome.time)
    facts = {"grid": grid.to_plain(), "cells": list(cell_names(schema, by)), "last": last}
    return State("horizon" if last is None else "counts", facts)


def departures(
    records: Table, state: State, outcome: Outcome, by: Sequence[str], also: Sequence[str] = ()
) -> tuple[FollowUp, Sums]:
    """The follow-up, and the sums that either state asks for."""
    grid = TimeGrid(**state.facts["grid"])
    if state.step == "horizon":
        follow = outcome.read(records, grid, np.iinfo(np.int64).max, (*by, *also))
        return follow, Sums({PERSONS: persons_in(follow.records), "beyond": beyond_powers(follow.leaves)})
    last, cells, causes = int(state.facts["last"]), len(state.facts["cells"]), max(len(outcome.causes), 1)
    follow = outcome.read(records, grid, last, (*by, *also))
    codes = cell_codes(follow.records, by)
    shape = (cells, causes + 1, last + 1)
    flat = np.ravel_multi_index((codes, follow.cause, follow.leaves), shape)
    counts: dict[str, Any] = {
        PERSONS: persons_in(follow.records),
        "rows": len(records),
        "known": len(follow.records),
        "rounded": follow.rounded,
        "past_horizon": follow.beyond,
        "leaving": np.bincount(flat, minlength=int(np.prod(shape))).reshape(shape),
        "group_persons": np.bincount(codes, minlength=cells),
        "group_events": np.bincount(codes[follow.cause > 0], minlength=cells),
    }
    if outcome.entry is not None:
        late = follow.enters >= 0
        flat = codes[late] * (last + 1) + follow.enters[late]
        counts["entering"] = np.bincount(flat, minlength=cells * (last + 1)).reshape(cells, last + 1)
    return follow, Sums(counts, {"leaving": MOST_ROWS})


def settled(total: Mapping[str, NDArray[Any]], state: State, outcome: Outcome) -> State | Departures:
    """The state that asks for the counts, once the horizon is found; then the counts.

    Raises : TooFewRecords where nobody was followed, or no event was seen.
    """
    if state.step == "horizon":
        return State("counts", {**state.facts, "last": horizon_from(total["beyond"], outcome.time)})
    leaving, grid = total["leaving"], TimeGrid(**state.facts["grid"])
    if not leaving[:, 1:].sum() > 0:
        raise TooFewRecords(
            f"No event was seen in '{outcome.event}' among {int(leaving.sum())} rows with known follow-up; at least "
            "one is needed."
        )
    return Departures(
        grid,
        tuple(state.facts["cells"]),
        leaving[:, 0],
        leaving[:, 1:],
        numbers_at_risk(leaving.sum(axis=1), total.get("entering")),
        grid_facts(total, grid, int(state.facts["last"])),
    )


def grid_facts(total: Mapping[str, NDArray[Any]], grid: TimeGrid, last: int) -> dict[str, Any]:
    """Resolution and horizon, how many rows were left out or rounded, and notes in words."""
    out, rounded, past = (
        int(total["rows"] - total["known"]),
        int(total["rounded"]),
        int(total["past_horizon"]),
    )
    notes = []
    if out:
        notes.append(f"{out} rows with a missing value, or entering after the horizon, were left out.")
    if rounded:
        notes.append(f"{rounded} times were rounded to the nearest step of {grid.step:g} ({grid.unit}).")
    if past:
        notes.append(f"{past} rows were followed beyond the horizon and count as censored there.")
    return {
        "time_unit": grid.unit,
        "step": grid.step,
        "horizon": float(last * grid.step),
        "left_out": out,
        "notes": notes,
    }
