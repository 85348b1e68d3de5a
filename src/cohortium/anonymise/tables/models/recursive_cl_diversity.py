"""Recursive (c, l)-diversity: the most frequent value of a class is not too frequent, nor the rare ones too rare."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cohortium.anonymise.tables.models.protocol import Classes
from cohortium.errors import InvalidRequest
from cohortium.registry import privacy_model

if TYPE_CHECKING:
    from numpy.typing import NDArray


@privacy_model("recursive_cl_diversity", title="recursive (c, l)-diversity", source="Machanavajjhala et al. 2007")
@dataclass(frozen=True, slots=True)
class RecursiveCLDiversity:
    """In every class the most frequent value has fewer rows than c times those from the l-th most frequent on.

    column : sensitive column.
    c      : above 0; the smaller, the stricter.
    l      : 2 or more.
    Raises : InvalidRequest.
    Source : Machanavajjhala et al. 2007: r_1 < c (r_l + ... + r_m).
    """

    column: str
    c: float
    l: int  # noqa: E741 - its name in the paper and in every tool

    def __post_init__(self) -> None:
        if self.l < 2 or not self.c > 0:
            raise InvalidRequest(
                f"(c, l)-diversity needs l of 2 or more and c above 0, not l = {self.l}, c = {self.c:g}."
            )

    @property
    def nested(self) -> bool:
        """No: one part of a class may be balanced, and the whole of it not."""
        return False

    @property
    def sensitive(self) -> tuple[str, ...]:
        """The column."""
        return (self.column,)

    def fails(self, classes: Classes) -> NDArray[np.bool_]:
        """(c,) True where the most frequent value of a class is too frequent."""
        ranked = -np.sort(-classes.sensitive(self.column), axis=1)
        return np.asarray(ranked[:, 0] >= self.c * ranked[:, self.l - 1 :].sum(axis=1))

    def __str__(self) -> str:
        return (
            f"the most frequent value of '{self.column}' in a class has fewer than {self.c:g} times the rows that are "
            f"left without the {self.l - 1} most frequent"
        )
