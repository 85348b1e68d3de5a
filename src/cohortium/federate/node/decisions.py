"""What a steward decides: studies that a hub offered, and standing rules that approve such as come often."""

from __future__ import annotations

from dataclasses import dataclass

from cohortium.errors import InvalidRequest
from cohortium.federate.study import Study

PENDING, APPROVED, REFUSED, WITHDRAWN, VOID = "pending", "approved", "refused", "withdrawn", "void"
"""Of a study. Withdrawn: it waited, and nobody asks any more; void: its dataset is not published any more."""


@dataclass(frozen=True, slots=True)
class Received:
    """A study that a hub offered, and what was decided about it."""

    study: Study
    digest: str
    received: str
    decision: str
    decided_by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A standing rule: studies like this are approved without being asked about.

    Every part that is given must hold; a rule without a dataset or without algorithms cannot be made, so that none
    approves everything.
    """

    dataset: str
    algorithms: tuple[str, ...]
    modes: tuple[str, ...] = ("secure", "dp")
    researchers: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.dataset or not self.algorithms:
            raise InvalidRequest("A standing rule must name a dataset and at least one algorithm.")

    def covers(self, study: Study, names: tuple[str, ...]) -> bool:
        """Whether ``study``, whose algorithms have these ``names``, is such a study."""
        return (
            study.dataset == self.dataset
            and study.mode in self.modes
            and set(names) <= set(self.algorithms)
            and (not self.researchers or study.researcher in self.researchers)
            and (not self.columns or set(study.columns) <= set(self.columns))
        )
