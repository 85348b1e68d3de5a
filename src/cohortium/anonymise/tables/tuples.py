"""A table as a search sees it: the distinct combinations of quasi-identifying values, and how often each occurs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cohortium.anonymise.tables.hierarchy import Hierarchy
from cohortium.errors import InvalidRequest

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Tuples:
    """Distinct combinations of values over the quasi-identifiers and, where a model needs them, sensitive columns.

    codes     : (t, q) places of the values in their hierarchies.
    counts    : (t,) rows of each combination.
    of_row    : (n,) which combination each row of the table is; empty where the rows are elsewhere.
    sensitive : per sensitive column, its levels as codes (t,).
    persons   : (t,) whose rows they are, where a person may have several; then combinations are apart by person.
    population: (t,) persons of the population who share the combination, for models that know it.
    """

    codes: NDArray[np.int32]
    counts: NDArray[np.int64]
    of_row: NDArray[np.int64]
    sensitive: dict[str, NDArray[np.int32]]
    persons: NDArray[np.int64] | None = None
    population: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.counts)

    def with_rows(self) -> Tuples:
        """Those that the table has, without any that only the population has; rows are not told."""
        if self.counts.all():
            return self
        return self.some(np.flatnonzero(self.counts))

    def some(self, kept: NDArray[np.int64]) -> Tuples:
        """The combinations at these places, without the rows."""
        return Tuples(
            codes=self.codes[kept],
            counts=self.counts[kept],
            of_row=np.empty(0, dtype=np.int64),
            sensitive={name: codes[kept] for name, codes in self.sensitive.items()},
            persons=None if self.persons is None else self.persons[kept],
            population=None if self.population is None else self.population[kept],
        )

    @property
    def rows(self) -> int:
        """Rows of the table."""
        return int(self.counts.sum())


def distinct(
    columns: Sequence[NDArray[np.int32]],
    sensitive: dict[str, NDArray[np.int32]] | None = None,
    persons: NDArray[np.int64] | None = None,
) -> Tuples:
    """The distinct combinations of rows, in the order of their codes.

    columns   : per quasi-identifier, places of the rows' values (n,).
    sensitive : per sensitive column, codes of the rows' levels (n,).
    persons   : whose rows they are (n,), where a person has several.
    """
    sensitive = sensitive or {}
    every: list[NDArray[np.int64]] = [np.asarray(one, dtype=np.int64) for one in (*columns, *sensitive.values())]
    if persons is not None:
        every.append(np.asarray(persons, dtype=np.int64))
    if not columns or not len(every[0]):
        raise InvalidRequest("Anonymisation needs at least one quasi-identifying column and one row.")
    _, first, of_row, counts = np.unique(_keys(every), return_index=True, return_inverse=True, return_counts=True)
    return Tuples(
        codes=np.stack([one[first] for one in columns], axis=1).astype(np.int32),
        counts=counts.astype(np.int64),
        of_row=of_row.astype(np.int64),
        sensitive={name: one[first] for name, one in sensitive.items()},
        persons=None if persons is None else persons[first],
    )


def _keys(columns: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    """One number per row (n,), equal where all columns are."""
    keys = np.zeros(len(columns[0]), dtype=np.int64)
    room = 1
    for column in columns:
        width = int(column.max()) + 1
        if room * width >= 1 << 62:
            keys = np.unique(keys, return_inverse=True)[1].astype(np.int64)
            room = int(keys.max()) + 1
        keys = keys * width + column
        room *= width
    return keys


def level_columns(tuples: Tuples, hierarchies: Sequence[Hierarchy]) -> NDArray[np.int32]:
    """(all levels, t): the group of every combination at every level of every quasi-identifier, one after the other."""
    return np.ascontiguousarray(
        np.concatenate([one.groups[:, tuples.codes[:, place]] for place, one in enumerate(hierarchies)])
    )
