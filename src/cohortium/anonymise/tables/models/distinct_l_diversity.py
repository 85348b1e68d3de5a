"""Distinct l-diversity: a class does not show the same sensitive value for everybody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cohortium.anonymise.tables.models.protocol import Classes
from cohortium.errors import InvalidRequest
from cohortium.registry import privacy_model

if TYPE_CHECKING:
    from numpy.typing import NDArray


@privacy_model("distinct_l_diversity", title="distinct l-diversity", source="Machanavajjhala et al. 2007")
@dataclass(frozen=True, slots=True)
class DistinctLDiversity:
    """Every class has at least l different values in a sensitive column.

    column : sensitive column.
    l      : fewest different values of a class, 2 or more.
    Raises : InvalidRequest.
    Source : Machanavajjhala, Kifer, Gehrke and Venkitasubramaniam 2007, ACM Trans. Knowledge Discovery from Data 1(1).
    """

    column: str
    l: int  # noqa: E741 - its name in the paper and in every tool

    def __post_init__(self) -> None:
        if self.l < 2:
            raise InvalidRequest(f"l-diversity needs l of 2 or more, not {self.l}.")

    @property
    def nested(self) -> bool:
        """A class of too few values has finer classes of no more."""
        return True

    @property
    def sensitive(self) -> tuple[str, ...]:
        """The column."""
        return (self.column,)

    def fails(self, classes: Classes) -> NDArray[np.bool_]:
        """(c,) True where a class has fewer than l values."""
        return np.asarray((classes.sensitive(self.column) > 0).sum(axis=1) < self.l)

    def __str__(self) -> str:
        return (
            f"everybody with the same quasi-identifying values has one of at least {self.l} values of '{self.column}'"
        )
