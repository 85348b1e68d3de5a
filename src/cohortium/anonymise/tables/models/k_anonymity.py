"""k-anonymity: nobody's quasi-identifying values are shown by fewer than k persons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cohortium.anonymise.tables.models.protocol import Classes
from cohortium.errors import InvalidRequest
from cohortium.registry import privacy_model

if TYPE_CHECKING:
    from numpy.typing import NDArray


@privacy_model("k_anonymity", title="k-anonymity", source="Samarati and Sweeney 1998; Sweeney 2002")
@dataclass(frozen=True, slots=True)
class KAnonymity:
    """Every class has at least k persons.

    k      : fewest persons of a class, 2 or more.
    Raises : InvalidRequest.
    Source : Sweeney 2002, Int. J. Uncertainty, Fuzziness and Knowledge-Based Systems 10(5).
    """

    k: int

    def __post_init__(self) -> None:
        if self.k < 2:
            raise InvalidRequest(f"k-anonymity needs k of 2 or more, not {self.k}.")

    @property
    def nested(self) -> bool:
        """A class of fewer than k persons has finer classes of fewer still."""
        return True

    @property
    def sensitive(self) -> tuple[str, ...]:
        """None: it does not ask what a class shares besides."""
        return ()

    def fails(self, classes: Classes) -> NDArray[np.bool_]:
        """(c,) True where a class has fewer than k persons."""
        return classes.persons() < self.k

    def __str__(self) -> str:
        return f"at least {self.k} persons share every combination of quasi-identifying values"
