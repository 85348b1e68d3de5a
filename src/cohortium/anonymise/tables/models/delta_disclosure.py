"""delta-disclosure privacy: a class makes no value much likelier, nor much less likely, than the whole table does."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cohortium.anonymise.tables.models.protocol import Classes
from cohortium.anonymise.tables.models.whole_column import WholeColumn
from cohortium.errors import InvalidRequest
from cohortium.registry import privacy_model

if TYPE_CHECKING:
    from numpy.typing import NDArray


@privacy_model("delta_disclosure", title="delta-disclosure privacy", source="Brickell and Shmatikov 2008")
@dataclass(frozen=True, slots=True)
class DeltaDisclosure:
    """The log of a value's frequency in a class over that in the whole table lies between -delta and delta.

    column : sensitive column.
    delta  : above 0, of the natural logarithm.
    Raises : InvalidRequest.
    Source : Brickell and Shmatikov 2008, KDD.

    A class that lacks a value fails, since its log has no bound. Tools that let it pass accept classes whose union they
    refuse, so that no search can rule anything out by it.
    """

    column: str
    delta: float

    def __post_init__(self) -> None:
        if not self.delta > 0:
            raise InvalidRequest(f"delta-disclosure privacy needs delta above 0, not {self.delta:g}.")

    @property
    def nested(self) -> bool:
        """No: a part of a class may show its values as the whole table does while the class does not."""
        return False

    @property
    def sensitive(self) -> tuple[str, ...]:
        """The column."""
        return (self.column,)

    def fails(self, classes: Classes) -> NDArray[np.bool_]:
        """(c,) True where a class says too much of a value, beside all of them together."""
        return self.fails_beside(classes, WholeColumn.among(classes, self.column))

    def fails_beside(self, classes: Classes, whole: WholeColumn) -> NDArray[np.bool_]:
        """(c,) True where a class says too much of a value."""
        present = whole.rows > 0
        ratios = whole.shares_in(classes, self.column)[:, present] / whole.shares[present]
        logs = np.log(ratios, where=ratios > 0, out=np.full_like(ratios, -np.inf))
        return np.asarray((np.abs(logs) >= self.delta).any(axis=1))

    def __str__(self) -> str:
        return (
            f"every value of '{self.column}' is less than {math.exp(self.delta):.3g} times as frequent, or as rare, in "
            "a class as in the whole table"
        )
