"""What a privacy model is asked: which classes of a release it does not accept, or whether it accepts all of it.

A class holds the rows that show the same values in every quasi-identifying column.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np

from cohortium.anonymise.tables.tuples import Tuples
from cohortium.errors import InvalidRequest

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Classes:
    """The classes of a table at one node.

    of_tuple : (t,) the class of each distinct combination.
    rows     : (c,) rows of each class.
    tuples   : the combinations, with their sensitive levels.
    shown    : (q, t) codes of what each combination shows in every column; for models that look at fewer columns.
    """

    of_tuple: NDArray[np.int32]
    rows: NDArray[np.int64]
    tuples: Tuples
    shown: NDArray[np.int32] | None = None
    _known: dict[str, NDArray[np.int64]] = field(default_factory=dict)

    @classmethod
    def of(cls, of_tuple: NDArray[np.integer[Any]], tuples: Tuples) -> Classes:
        """The classes of combinations that are numbered from 0."""
        rows = np.bincount(of_tuple, weights=tuples.counts).astype(np.int64)
        return cls(np.asarray(of_tuple, dtype=np.int32), rows, tuples)

    def __len__(self) -> int:
        return len(self.rows)

    def persons(self) -> NDArray[np.int64]:
        """(c,) how many persons each class has; its rows, where every row is another person."""
        whose = self.tuples.persons
        if whose is None:
            return self.rows
        if "" not in self._known:
            pairs = np.unique(self.of_tuple.astype(np.int64) * (int(whose.max()) + 1) + whose)
            self._known[""] = np.bincount(pairs // (int(whose.max()) + 1), minlength=len(self))
        return self._known[""]

    def sensitive(self, column: str) -> NDArray[np.int64]:
        """(c, levels) rows of each level of a sensitive column in each class."""
        if column not in self._known:
            codes = self.tuples.sensitive[column]
            levels = int(codes.max()) + 1
            held = np.bincount(
                self.of_tuple.astype(np.int64) * levels + codes,
                weights=self.tuples.counts,
                minlength=len(self) * levels,
            )
            self._known[column] = held.reshape(len(self), levels).astype(np.int64)
        return self._known[column]

    def population(self) -> NDArray[np.int64]:
        """(c,) persons of the population who show the values of each class."""
        if self.tuples.population is None:
            raise InvalidRequest("This model counts persons of the population, and was given no table of them.")
        return np.bincount(self.of_tuple, weights=self.tuples.population, minlength=len(self)).astype(np.int64)


@runtime_checkable
class ClassModel(Protocol):
    """A model that judges every class by itself; the rows of a class that fails may be left out.

    nested    : a person whose class fails at a node is also in a failing class at every finer node. So it is with
                the size of a class; not with entropies, since a good class may be merged with a bad one.
    sensitive : columns whose levels it reads.
    """

    @property
    def nested(self) -> bool:
        """Whether failures only spread towards finer nodes."""
        ...

    @property
    def sensitive(self) -> tuple[str, ...]:
        """Sensitive columns that it reads."""
        ...

    def fails(self, classes: Classes) -> NDArray[np.bool_]:
        """(c,) True where a class must not leave."""
        ...


@runtime_checkable
class ReleaseModel(Protocol):
    """A model that judges a release as a whole, after the classes that fail were left out.

    sensitive : columns whose levels it reads.
    """

    @property
    def sensitive(self) -> tuple[str, ...]:
        """Sensitive columns that it reads."""
        ...

    def holds(self, persons: NDArray[np.int64]) -> bool:
        """Whether a release with classes of so many persons (c,) may leave."""
        ...
