"""Highest risk: how likely the person who is found most easily is found again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cohortium.errors import InvalidRequest
from cohortium.registry import privacy_model

if TYPE_CHECKING:
    from numpy.typing import NDArray

ROUNDING = 1e-12


@privacy_model("highest_risk", title="highest prosecutor risk", source="El Emam 2013")
@dataclass(frozen=True, slots=True)
class HighestRisk:
    """1 / persons of the smallest class is at most a bound: k-anonymity, without a way to leave small classes out.

    at_most : above 0, at most 1.
    Raises  : InvalidRequest.
    Source  : El Emam 2013, Guide to the De-Identification of Personal Health Information (maximum prosecutor risk).
    """

    at_most: float

    def __post_init__(self) -> None:
        if not 0 < self.at_most <= 1:
            raise InvalidRequest(f"A highest risk is bounded above 0 and at most at 1, not at {self.at_most:g}.")

    @property
    def sensitive(self) -> tuple[str, ...]:
        """None."""
        return ()

    def holds(self, persons: NDArray[np.int64]) -> bool:
        """Whether every class is large enough; of nobody it holds."""
        return bool((persons * (self.at_most + ROUNDING) >= 1).all())

    def __str__(self) -> str:
        return f"nobody who is known to be in the table is found again with a chance above {self.at_most:.3g}"
