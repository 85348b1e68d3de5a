"""Who leaves observation in which interval of time, counted for mode "dp": one person in one of a few cells.

Every cell carries noise, so a curve is worth more on few and wide intervals than on many. A person who leaves within
an interval counts in it, and one who is followed to the end of the last, in a cell of its own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.analyse.design import complete, levels_of, persons_in
from cohortium.analyse.survival.follow_up import Outcome, cell_codes, cell_names
from cohortium.analyse.survival.time_grid import TimeGrid
from cohortium.errors import NotApplicable
from cohortium.privacy.sensitivity import one_row_per_person
from cohortium.records import PERSONS, Schema, State, Sums, Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

INTERVALS = "noisy intervals"
"""The step that asks for these counts."""
MOST_INTERVALS = 24
WEIGHTS = {PERSONS: 0.05, "left_out": 0.05, "group_persons": 0.3}
"""What the counts of those who leave tell as well needs little of the budget."""


def intervals_state(
    schema: Schema, outcome: Outcome, by: Sequence[str], step_days: float, horizon_days: float | None
) -> State:
    """The state that asks for the counts: as many steps to an interval as leave ``MOST_INTERVALS`` of them.

    Raises : InvalidRequest where the settings do not fit; NotApplicable where the horizon is not known beforehand, or
             persons come under observation late.
    """
    outcome.check(schema)
    if outcome.entry is not None:
        raise NotApplicable("Mode 'dp' follows everybody from time 0; leave the setting 'entry' out.")
    grid = TimeGrid.of(schema, outcome.time, step_days)
    steps = grid.steps_until(horizon_days) or grid.steps_to_maximum(schema, outcome.time)
    if steps is None:
        raise NotApplicable(
            f"Mode 'dp' needs to know beforehand how long '{outcome.time}' may be: state its maximum in the schema, or "
            "set 'horizon_days'."
        )
    wide = math.ceil(steps / MOST_INTERVALS)
    coarse = TimeGrid(grid.unit, grid.factor, grid.step * wide)
    facts = {"grid": coarse.to_plain(), "cells": list(cell_names(schema, by)), "last": math.ceil(steps / wide)}
    return State(INTERVALS, facts)


def interval_counts(records: Table, state: State, outcome: Outcome, by: Sequence[str]) -> Sums:
    """Persons (cells, 2, intervals + 1) who leave, without and with the event; nothing raises, whatever is recorded."""
    grid, last = TimeGrid(**state.facts["grid"]), int(state.facts["last"])
    cells = len(cell_names(records.schema, by))
    rows = complete(records, [*outcome.columns, *by])
    steps = rows.numeric(outcome.time) * (grid.factor / grid.step)
    place = np.clip(np.ceil(np.clip(steps, 0, last + 1) - 1e-9) - 1, 0, last).astype(np.int64)
    ended = np.where(place == last, 0, _ended(rows, outcome))  # what happens after the horizon is not looked at
    codes = cell_codes(rows, by)
    shape = (cells, 2, last + 1)
    counts: dict[str, Any] = {
        PERSONS: persons_in(rows),
        "left_out": len(records) - len(rows),
        "leaving": np.bincount(np.ravel_multi_index((codes, ended, place), shape), minlength=math.prod(shape)).reshape(
            shape
        ),
        "group_persons": np.bincount(codes, minlength=cells),
    }
    return Sums(counts)


def interval_sensitivity() -> dict[str, float]:
    """One person is one row, and so adds 1 to one cell of each array, whatever the state."""
    return dict.fromkeys((PERSONS, "left_out", "leaving", "group_persons"), 1.0)


def known_row_per_person(records: Table, outcome: Outcome, by: Sequence[str]) -> Table:
    """One row of every person, a complete one where there is one."""
    is_complete = np.ones(len(records), dtype=np.bool_)
    for name in (*outcome.columns, *by):
        is_complete &= ~records.missing(name)
    return one_row_per_person(records, is_complete.astype(np.int64))


def _ended(rows: Table, outcome: Outcome) -> NDArray[np.int64]:
    """1 (n,) where follow-up ended with the event; a number other than 1 is none."""
    if not rows.schema[outcome.event].kind.is_nominal:
        return np.asarray(rows.numeric(outcome.event) == 1, dtype=np.int64)
    codes, levels = rows.codes(outcome.event)
    counted = outcome.causes[0] if outcome.causes else (levels_of(rows.schema, outcome.event)[1],)
    is_event = np.array([level in counted for level in levels], dtype=np.int64)
    return is_event[codes]
