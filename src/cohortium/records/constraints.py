"""Rules that every row of a table obeys.

A rule is asked ``violated(table)`` and answers one boolean per row. A row in which a value that the rule needs is
missing does not violate it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

import numpy as np

from cohortium.errors import InvalidRequest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cohortium.records.table import Table

Comparison = Literal["<=", "<"]


@runtime_checkable
class Constraint(Protocol):
    """A rule over one or more columns of one row."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns that the rule reads."""
        ...

    def violated(self, table: Table) -> NDArray[np.bool_]:
        """One boolean per row of ``table``: True where the rule is broken."""
        ...


@dataclass(frozen=True, slots=True)
class Inequality:
    """``left <= right`` (or ``<``) between two numeric, date or datetime columns."""

    left: str
    comparison: Comparison
    right: str

    def __post_init__(self) -> None:
        if self.comparison not in ("<=", "<"):
            raise InvalidRequest(f"An inequality compares with '<=' or '<', not '{self.comparison}'.")

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.left, self.right)

    def violated(self, table: Table) -> NDArray[np.bool_]:
        left, right = table.numeric(self.left), table.numeric(self.right)
        with np.errstate(invalid="ignore"):
            return np.asarray(left > right if self.comparison == "<=" else left >= right)

    def __str__(self) -> str:
        return f"{self.left} {self.comparison} {self.right}"


@dataclass(frozen=True, slots=True)
class FunctionalDependency:
    """``dependent`` is a function of ``determinant``: rows that agree on one agree on the other.

    ``violated`` marks rows whose dependent value is not the one that most rows with the same determinant carry.
    """

    determinant: str
    dependent: str

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.determinant, self.dependent)

    def violated(self, table: Table) -> NDArray[np.bool_]:
        keys, values = table.factorised(self.determinant), table.factorised(self.dependent)
        known = (keys >= 0) & (values >= 0)
        broken = np.zeros(len(table), dtype=np.bool_)
        if not known.any():
            return broken
        width = int(values.max()) + 1
        pairs, place, counts = np.unique(
            keys[known].astype(np.int64) * width + values[known], return_inverse=True, return_counts=True
        )
        order = np.lexsort((-counts, pairs // width))
        first = np.r_[True, np.diff((pairs // width)[order]) != 0]
        usual = np.zeros(len(pairs), dtype=np.bool_)
        usual[order[first]] = True
        broken[known] = ~usual[place]
        return broken

    def __str__(self) -> str:
        return f"{self.determinant} -> {self.dependent}"


@dataclass(frozen=True, slots=True)
class AllowedCombinations:
    """The levels of several nominal columns occur together only in the listed combinations."""

    of: tuple[str, ...]
    combinations: tuple[tuple[str, ...], ...]

    def __post_init__(self) -> None:
        if any(len(combination) != len(self.of) for combination in self.combinations):
            raise InvalidRequest(f"Each allowed combination of {list(self.of)} must list {len(self.of)} levels.")

    @property
    def columns(self) -> tuple[str, ...]:
        return self.of

    def violated(self, table: Table) -> NDArray[np.bool_]:
        texts = [table.arrow.column(name).cast("string").to_pylist() for name in self.of]
        allowed = set(self.combinations)
        rows = zip(*texts, strict=True)
        return np.fromiter((None not in row and row not in allowed for row in rows), np.bool_, len(table))

    def __str__(self) -> str:
        return f"({', '.join(self.of)}) in {len(self.combinations)} combinations"


@dataclass(frozen=True, slots=True)
class SumRule:
    """``total`` equals the sum of ``parts`` to within ``tolerance``."""

    total: str
    parts: tuple[str, ...]
    tolerance: float = 1e-6

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.total, *self.parts)

    def violated(self, table: Table) -> NDArray[np.bool_]:
        parts = np.sum([table.numeric(name) for name in self.parts], axis=0)
        with np.errstate(invalid="ignore"):
            return np.asarray(np.abs(table.numeric(self.total) - parts) > self.tolerance)

    def __str__(self) -> str:
        return f"{self.total} = {' + '.join(self.parts)}"
