"""What tests of groups that are followed over time have in common: who is compared with whom, and what is counted."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import numpy as np

from cohortium.analyse.survival.departures import Departures, departures, first_state, settled
from cohortium.analyse.survival.follow_up import Outcome, cell_names
from cohortium.records import Result, Schema, State, Sums, Table

if TYPE_CHECKING:
    from numpy.typing import NDArray


class RankTest(ABC):
    """Settings of a test from counts of departures; a subclass holds the settings below among its own.

    groups : nominal columns; a group for each combination of their levels.
    strata : nominal columns; groups are compared within each combination of their levels.
    step_days, horizon_days : as in ``KaplanMeier``.
    """

    __slots__ = ()

    groups: tuple[str, ...]
    strata: tuple[str, ...]
    step_days: float
    horizon_days: float | None

    def columns(self) -> tuple[str, ...]:
        """The outcome, the groups and the strata."""
        return (*self._outcome().columns, *self._by())

    def start(self, schema: Schema) -> State:
        """Ask for the horizon, or for the counts where it is known; raises InvalidRequest where settings do not fit."""
        self._check(schema)
        state = first_state(schema, self._outcome(), self._by(), self.step_days, self.horizon_days)
        return State(state.step, {**state.facts, "groups": list(cell_names(schema, self.groups))})

    def local(self, records: Table, state: State) -> Sums:
        """Who leaves when and how, counted."""
        return departures(records, state, self._outcome(), self._by())[1]

    def combine(self, total: Sums, state: State) -> State | Result:
        """The counts once the horizon is found, then the test; raises TooFewRecords."""
        found = settled(total, state, self._outcome())
        return found if isinstance(found, State) else self._answer(found, state.facts["groups"], total.persons)

    def _by(self) -> tuple[str, ...]:
        return (*self.strata, *self.groups)

    @abstractmethod
    def _outcome(self) -> Outcome:
        """The columns of the outcome."""

    @abstractmethod
    def _check(self, schema: Schema) -> None:
        """Raises InvalidRequest where settings do not fit."""

    @abstractmethod
    def _answer(self, found: Departures, groups: list[str], persons: int) -> Result:
        """The test of these groups."""


def followed(found: Departures, groups: int) -> tuple[NDArray[np.int64], NDArray[np.intp]]:
    """Rows followed in each group (groups,), over all strata, and the places of the groups that have any."""
    counted = found.persons.reshape(-1, groups).sum(axis=0)
    return counted, np.flatnonzero(counted > 0)
