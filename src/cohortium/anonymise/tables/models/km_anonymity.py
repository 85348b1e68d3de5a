"""k^m-anonymity: whatever m of the quasi-identifying values somebody knows, at least k persons have them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from cohortium.anonymise.tables.models.protocol import Classes
from cohortium.errors import InvalidRequest
from cohortium.registry import privacy_model

if TYPE_CHECKING:
    from numpy.typing import NDArray


@privacy_model("km_anonymity", title="k^m-anonymity", source="Terrovitis, Mamoulis and Kalnis 2008")
@dataclass(frozen=True, slots=True)
class KmAnonymity:
    """Any m quasi-identifying values that a row shows are shown by the rows of at least k persons.

    k, m   : 2 or more persons, 1 or more columns; with m of all columns it is k-anonymity.
    Raises : InvalidRequest.
    Source : Terrovitis, Mamoulis and Kalnis 2008, PVLDB 1(1), there of sets of items; here of columns, each of which
             has one value.

    A class that fails takes its rows from the values of others, so these are counted anew until no further class fails.
    What is left is the largest part of the table that satisfies the model.
    """

    k: int
    m: int

    def __post_init__(self) -> None:
        if self.k < 2 or self.m < 1:
            raise InvalidRequest(f"k^m-anonymity needs k of 2 or more and m of 1 or more, not {self.k} and {self.m}.")

    @property
    def nested(self) -> bool:
        """What is left at a finer node would satisfy the model at this one, so it is part of what is left here."""
        return True

    @property
    def sensitive(self) -> tuple[str, ...]:
        """None: it does not ask what a class shares besides."""
        return ()

    def fails(self, classes: Classes) -> NDArray[np.bool_]:
        """(c,) True where a class shows m values that too few persons show.

        Raises : InvalidRequest where it is not known what the classes show column by column.
        """
        return self.fails_without(classes, np.zeros(len(classes), dtype=np.bool_))

    def fails_without(self, classes: Classes, gone: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """The same among what is left once the classes ``gone`` (c,) are left out, these among them."""
        if classes.shown is None:
            raise InvalidRequest("k^m-anonymity needs to know what every class shows in each column.")
        parts = [
            _numbered(classes.shown[list(chosen)])
            for chosen in combinations(range(len(classes.shown)), min(self.m, len(classes.shown)))
        ]
        fails = gone
        while True:
            more = fails.copy()
            kept = ~fails[classes.of_tuple]
            for part in parts:
                few = _persons(part, kept, classes) < self.k
                more[classes.of_tuple[kept & few[part]]] = True
            if (more == fails).all():
                return fails
            fails = more

    def __str__(self) -> str:
        return f"at least {self.k} persons share any {self.m} of the quasi-identifying values"


def _numbered(columns: NDArray[np.int32]) -> NDArray[np.int64]:
    """Which of the distinct combinations of columns (m, t) each is (t,)."""
    found = np.zeros(columns.shape[1], dtype=np.int64)
    for column in columns:
        found = np.unique(found * (int(column.max()) + 1) + column, return_inverse=True)[1].reshape(-1)
    return found


def _persons(part: NDArray[np.int64], kept: NDArray[np.bool_], classes: Classes) -> NDArray[np.int64]:
    """Persons who show each combination, among the tuples that are kept."""
    number, whose = int(part.max()) + 1, classes.tuples.persons
    if whose is None:
        return np.bincount(part, weights=classes.tuples.counts * kept, minlength=number).astype(np.int64)
    pairs = np.unique(part[kept] * (int(whose.max()) + 1) + whose[kept])
    return np.bincount(pairs // (int(whose.max()) + 1), minlength=number)
