"""What a decision tree, a forest and boosted trees have in common: settings, and an engine that does the steps."""

from __future__ import annotations

from abc import ABC, abstractmethod

from cohortium.analyse.trees.boosting import Boosting
from cohortium.analyse.trees.forest import Forest
from cohortium.analyse.trees.preparation import Preparation
from cohortium.analyse.trees.target import Target
from cohortium.records import Result, Schema, State, Sums, Table


class TreeModel(ABC):
    """Settings whose steps are those of the engine that they make; a subclass holds the settings below among its own.

    outcome, features, kind, event, ended, smallest, bins, held_out, seed : as in ``DecisionTree``.
    """

    __slots__ = ()

    outcome: str
    features: tuple[str, ...]
    kind: str
    event: str | None
    ended: str | None
    smallest: int
    bins: int
    held_out: float
    seed: int

    def columns(self) -> tuple[str, ...]:
        """Outcome and features."""
        return self._preparation().columns()

    def start(self, schema: Schema) -> State:
        """Ask where values lie; raises InvalidRequest where settings do not fit."""
        return self._engine().start(schema)

    def local(self, records: Table, state: State) -> Sums:
        """The sums that the step asks for."""
        return self._engine().local(records, state)

    def combine(self, total: Sums, state: State) -> State | Result:
        """The next step, or the answer; raises TooFewRecords."""
        return self._engine().combine(total, state)

    def _preparation(self) -> Preparation:
        target = Target(self.kind, self.outcome, self.event, self.ended)
        return Preparation(target, self.features, self.smallest, self.bins, self.held_out, self.seed)

    @abstractmethod
    def _engine(self) -> Forest | Boosting:
        """What sums up and grows under these settings."""
