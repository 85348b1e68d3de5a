"""Entropy l-diversity: the values of a class are as hard to guess as l equally frequent ones."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cohortium.anonymise.tables.models.protocol import Classes
from cohortium.errors import InvalidRequest
from cohortium.registry import privacy_model

if TYPE_CHECKING:
    from numpy.typing import NDArray

ROUNDING = 1e-12


@privacy_model("entropy_l_diversity", title="entropy l-diversity", source="Machanavajjhala et al. 2007")
@dataclass(frozen=True, slots=True)
class EntropyLDiversity:
    """The entropy of a sensitive column is at least log(l) in every class.

    column : sensitive column.
    l      : above 1; need not be whole.
    Raises : InvalidRequest.
    Source : Machanavajjhala et al. 2007.
    """

    column: str
    l: float  # noqa: E741 - its name in the paper and in every tool

    def __post_init__(self) -> None:
        if not self.l > 1:
            raise InvalidRequest(f"Entropy l-diversity needs l above 1, not {self.l:g}.")

    @property
    def nested(self) -> bool:
        """No: a class may fail for the rows that were merged into it, and each part of it alone pass."""
        return False

    @property
    def sensitive(self) -> tuple[str, ...]:
        """The column."""
        return (self.column,)

    def fails(self, classes: Classes) -> NDArray[np.bool_]:
        """(c,) True where the entropy of a class is too low."""
        return entropies(classes.sensitive(self.column)) < math.log(self.l) - ROUNDING

    def __str__(self) -> str:
        return f"'{self.column}' is as hard to guess in every class as {self.l:g} equally frequent values"


def entropies(held: NDArray[np.int64]) -> NDArray[np.float64]:
    """(c,) natural entropy of counts (c, levels); 0 where there are none."""
    shares = held / np.maximum(held.sum(axis=1, keepdims=True), 1)
    logs = np.log(shares, where=shares > 0, out=np.zeros_like(shares))
    return np.asarray(-(shares * logs).sum(axis=1))
