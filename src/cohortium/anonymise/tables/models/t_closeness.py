"""t-closeness: what a class shows of a sensitive column is near to what the whole table shows of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from cohortium.anonymise.tables.models.ground_distances import equal_distance, hierarchical_distance, ordered_distance
from cohortium.anonymise.tables.models.protocol import Classes
from cohortium.anonymise.tables.models.whole_column import WholeColumn
from cohortium.errors import InvalidRequest
from cohortium.registry import privacy_model

if TYPE_CHECKING:
    from numpy.typing import NDArray

Distance = Literal["equal", "ordered", "hierarchical"]
ROUNDING = 1e-12


@privacy_model("t_closeness", title="t-closeness", source="Li, Li and Venkatasubramanian 2007")
@dataclass(frozen=True, slots=True)
class TCloseness:
    """The distribution of a sensitive column in every class is within t of that in the whole table.

    column    : sensitive column.
    t         : from 0 (the same) to 1.
    distance  : how far a value is from another: "equal" (all are as far), "ordered" (by their places in an order),
                "hierarchical" (by the level at which they fall together).
    order     : the values in their order, for "ordered"; by size where empty and all are numbers.
    hierarchy : file of the levels, for "hierarchical".
    Raises    : InvalidRequest.
    Source    : Li, Li and Venkatasubramanian 2007, ICDE: the earth mover's distance, with these ground distances.
    """

    column: str
    t: float
    distance: Distance = "equal"
    order: tuple[str, ...] = ()
    hierarchy: str = ""

    def __post_init__(self) -> None:
        if not 0 <= self.t <= 1:
            raise InvalidRequest(f"t-closeness needs t from 0 to 1, not {self.t:g}.")
        if self.distance not in get_args(Distance):
            raise InvalidRequest(f"t-closeness knows the distances {get_args(Distance)}, not '{self.distance}'.")
        if (self.distance == "hierarchical") != bool(self.hierarchy):
            raise InvalidRequest(
                "t-closeness needs the file of a hierarchy for the hierarchical distance, and only then."
            )
        object.__setattr__(self, "order", tuple(str(value) for value in self.order))

    @property
    def nested(self) -> bool:
        """No: a class may be far from the whole table while a part of it is near."""
        return False

    @property
    def sensitive(self) -> tuple[str, ...]:
        """The column."""
        return (self.column,)

    def fails(self, classes: Classes) -> NDArray[np.bool_]:
        """(c,) True where a class is further than t from all of them together."""
        return self.fails_beside(classes, WholeColumn.among(classes, self.column))

    def fails_beside(self, classes: Classes, whole: WholeColumn) -> NDArray[np.bool_]:
        """(c,) True where a class is further than t from the whole table."""
        return self.distances(classes, whole) > self.t + ROUNDING

    def distances(self, classes: Classes, whole: WholeColumn) -> NDArray[np.float64]:
        """(c,) how far each class is from the whole table, from 0 to 1."""
        gaps = whole.shares_in(classes, self.column) - whole.shares
        if self.distance == "equal":
            return equal_distance(gaps)
        if not whole.texts:
            raise InvalidRequest(f"The distance '{self.distance}' needs to know the values of '{self.column}'.")
        if self.distance == "ordered":
            return ordered_distance(gaps[:, self._places(whole.texts)])
        if whole.hierarchy is None:
            raise InvalidRequest(f"The hierarchical distance needs the hierarchy of '{self.column}'.")
        return hierarchical_distance(gaps, whole.hierarchy.groups[:, whole.hierarchy.codes(whole.texts)])

    def _places(self, texts: tuple[str, ...]) -> list[int]:
        """The codes in the order of what they mean."""
        if self.order:
            missed = len(set(texts) - set(self.order))
            if missed:
                raise InvalidRequest(
                    f"The order of '{self.column}' misses {missed} of its values ('?' is a missing one)."
                )
            return [texts.index(value) for value in self.order if value in texts]
        try:
            return [int(place) for place in np.argsort([float(text) for text in texts])]
        except ValueError as error:
            raise InvalidRequest(
                f"The values of '{self.column}' are not all numbers: say their order, from first to last, in 'order' "
                "('?' is a missing one)."
            ) from error

    def __str__(self) -> str:
        near = {"equal": "", "ordered": ", along the order of its values", "hierarchical": ", along its hierarchy"}
        return (
            f"'{self.column}' is distributed in every class as in the whole table, up to "
            f"{self.t:g}{near[self.distance]}"
        )
