"""One raw column as inference looks at it: distinct cells, their counts, and where they stand."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cohortium.records import Column
from cohortium.sources.annotations import declared_of, notes_of
from cohortium.sources.cells import Distinct, distinct, is_text
from cohortium.sources.cells.typed import stored_numbers


@dataclass(frozen=True)
class Profile:
    """A raw column.

    name     : as the source has it.
    type     : Arrow type that the source stores.
    cells    : distinct cells and their places.
    rows     : rows of the table.
    notes    : what the source said about the column.
    declared : the meaning that the source declares, or None.
    """

    name: str
    type: pa.DataType
    cells: Distinct
    rows: int
    notes: tuple[str, ...] = ()
    declared: Column | None = None

    @classmethod
    def of(cls, raw: pa.Table, place: int) -> Profile:
        """The column in ``place`` of ``raw``."""
        field = raw.schema.field(place)
        column = raw.column(place)
        return cls(field.name, field.type, distinct(column), raw.num_rows, notes_of(field), declared_of(field))

    @property
    def is_text(self) -> bool:
        """The source stores texts."""
        return is_text(self.type)

    @property
    def is_number(self) -> bool:
        """The source stores numbers."""
        stored = self.type.value_type if pa.types.is_dictionary(self.type) else self.type
        return bool(pa.types.is_integer(stored) or pa.types.is_floating(stored) or pa.types.is_decimal(stored))

    @cached_property
    def numbers(self) -> NDArray[np.float64]:
        """(d,) distinct cells as numbers, where the source stores numbers."""
        return stored_numbers(self.cells.values)

    @property
    def empty(self) -> int:
        """Rows whose cell is empty."""
        return self.rows - self.cells.filled
