"""Average risk: how many persons are found again by somebody who tries everybody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cohortium.errors import InvalidRequest
from cohortium.registry import privacy_model

if TYPE_CHECKING:
    from numpy.typing import NDArray

ROUNDING = 1e-12


@privacy_model("average_risk", title="average risk", source="Dankar and El Emam 2010")
@dataclass(frozen=True, slots=True)
class AverageRisk:
    """The mean over persons of 1 / persons of their class is at most a bound.

    at_most : above 0, at most 1.
    Raises  : InvalidRequest.
    Source  : Dankar and El Emam 2010, EDBT/ICDT Workshops (marketer risk, where the attacker has the table's persons).
    """

    at_most: float

    def __post_init__(self) -> None:
        if not 0 < self.at_most <= 1:
            raise InvalidRequest(f"An average risk is bounded above 0 and at most at 1, not at {self.at_most:g}.")

    @property
    def sensitive(self) -> tuple[str, ...]:
        """None."""
        return ()

    def holds(self, persons: NDArray[np.int64]) -> bool:
        """Whether there are few enough classes for so many persons; of nobody it holds."""
        return bool(len(persons) <= (self.at_most + ROUNDING) * persons.sum())

    def __str__(self) -> str:
        return f"who tries to find everybody again is right for at most {self.at_most:.3g} of the persons"
