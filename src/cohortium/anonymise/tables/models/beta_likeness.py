"""beta-likeness: no value is much more frequent in a class than in the whole table, whatever its frequency."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cohortium.anonymise.tables.models.protocol import Classes
from cohortium.anonymise.tables.models.whole_column import WholeColumn
from cohortium.errors import InvalidRequest
from cohortium.registry import privacy_model

if TYPE_CHECKING:
    from numpy.typing import NDArray

ROUNDING = 1e-12


@privacy_model("beta_likeness", title="beta-likeness", source="Cao and Karras 2012")
@dataclass(frozen=True, slots=True)
class BetaLikeness:
    """The frequency of a value in a class is at most (1 + beta) times that in the whole table.

    column   : sensitive column.
    beta     : above 0.
    enhanced : at most 1 + min(beta, -log(frequency)) times, which also bounds values that are frequent anyway.
    Raises   : InvalidRequest.
    Source   : Cao and Karras 2012, PVLDB 5(11) (basic and enhanced).
    """

    column: str
    beta: float
    enhanced: bool = True

    def __post_init__(self) -> None:
        if not self.beta > 0:
            raise InvalidRequest(f"beta-likeness needs beta above 0, not {self.beta:g}.")

    @property
    def nested(self) -> bool:
        """No: a part of a class may show less of the value that the class shows too much of."""
        return False

    @property
    def sensitive(self) -> tuple[str, ...]:
        """The column."""
        return (self.column,)

    def fails(self, classes: Classes) -> NDArray[np.bool_]:
        """(c,) True where a class shows too much of a value, beside all of them together."""
        return self.fails_beside(classes, WholeColumn.among(classes, self.column))

    def fails_beside(self, classes: Classes, whole: WholeColumn) -> NDArray[np.bool_]:
        """(c,) True where a class shows too much of a value."""
        present = whole.rows > 0
        shares = whole.shares[present]
        gains = (whole.shares_in(classes, self.column)[:, present] - shares) / shares
        most = np.minimum(self.beta, -np.log(shares)) if self.enhanced else np.full(len(shares), self.beta)
        return np.asarray((gains > most + ROUNDING).any(axis=1))

    def __str__(self) -> str:
        enhanced = ", less for frequent values" if self.enhanced else ""
        return (
            f"no value of '{self.column}' is more than {1 + self.beta:g} times as frequent in a class as in the whole "
            f"table{enhanced}"
        )
