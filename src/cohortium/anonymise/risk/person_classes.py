"""Who cannot be told apart: persons who show the same values in every quasi-identifying column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cohortium.anonymise.tables.coded import distinct_texts, persons_of
from cohortium.anonymise.tables.tuples import distinct
from cohortium.errors import InvalidRequest
from cohortium.records import Role, Table

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class PersonClasses:
    """The classes of a table, counted in persons.

    of_row  : (n,) class of each row.
    sizes   : (c,) persons of each class.
    persons : (n,) whose row each is, as 0, 1, 2 ...; None where every row is another person.
    """

    of_row: NDArray[np.int64]
    sizes: NDArray[np.int64]
    persons: NDArray[np.int64] | None = None

    @classmethod
    def of(cls, columns: Sequence[NDArray[np.int32]], persons: NDArray[np.int64] | None = None) -> PersonClasses:
        """Classes of rows that share their codes in all columns, each (n,)."""
        of_row = distinct(columns).of_row
        if persons is None:
            return cls(of_row, np.bincount(of_row))
        _, codes = np.unique(persons, return_inverse=True)
        number = int(codes.max()) + 1
        pairs = np.unique(of_row * number + codes)
        return cls(of_row, np.bincount(pairs // number), codes.astype(np.int64))

    @classmethod
    def of_table(cls, table: Table, columns: Sequence[str]) -> PersonClasses:
        """Classes of a table by what stands in its columns; raises InvalidRequest where it lacks one of them."""
        absent = [name for name in columns if name not in table.schema]
        if absent:
            raise InvalidRequest(f"The table has no columns {absent}. Name quasi-identifiers that it has.")
        return cls.of([distinct_texts(table, name)[0] for name in columns], persons_of(table))

    @property
    def number(self) -> int:
        """How many persons there are."""
        return len(self.of_row) if self.persons is None else int(self.persons.max()) + 1

    def worst(self, risks: NDArray[np.float64]) -> NDArray[np.float64]:
        """(p,) per person, the greatest of ``risks`` (c,) among the classes of its rows."""
        return self.worst_of_rows(risks[self.of_row])

    def worst_of_rows(self, risks: NDArray[np.float64]) -> NDArray[np.float64]:
        """(p,) per person, the greatest of ``risks`` (n,) among its rows."""
        if self.persons is None:
            return risks
        found = np.zeros(self.number)
        np.maximum.at(found, self.persons, risks)
        return found


def quasi_identifiers(table: Table, named: Sequence[str] = ()) -> tuple[str, ...]:
    """The columns that others may know of a person: those named, else those whose role in the schema says so.

    Raises : InvalidRequest where nothing says which they are.
    """
    found = tuple(named) or tuple(column.name for column in table.schema.with_role(Role.QUASI_IDENTIFIER))
    if not found:
        raise InvalidRequest(
            "Nothing says which columns others may know of a person. Name them with --quasi-identifiers, or give them "
            "the role quasi_identifier in the schema file: age, sex, place, dates, rare diagnoses."
        )
    absent = [name for name in found if name not in table.schema]
    if absent:
        raise InvalidRequest(f"The table has no columns {absent}; it has {list(table.schema.names)}.")
    return found
