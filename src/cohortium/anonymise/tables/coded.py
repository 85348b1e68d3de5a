"""Columns of a table as places in their hierarchies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from cohortium.anonymise.tables.hierarchy import MISSING, Hierarchy
from cohortium.records import Role, Table

if TYPE_CHECKING:
    from numpy.typing import NDArray


def places(table: Table, hierarchy: Hierarchy) -> NDArray[np.int32]:
    """The place of every row's value in the hierarchy of its column (n,).

    Raises : InvalidRequest where the hierarchy misses values, telling how many.
    """
    codes, texts = distinct_texts(table, hierarchy.column)
    return hierarchy.codes(texts)[codes]


def distinct_texts(table: Table, column: str) -> tuple[NDArray[np.int32], list[str]]:
    """The values of a column as hierarchies write them: codes (n,) and the text of each code.

    Whole numbers have no decimals, dates are ISO 8601, and a missing value is '?'.
    """
    array = table.arrow.column(column).combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    if not pa.types.is_dictionary(array.type):
        array = array.dictionary_encode()
    stored = np.asarray(array.indices.fill_null(len(array.dictionary)))
    present, codes = np.unique(stored, return_inverse=True)
    every = [*array.dictionary.to_pylist(), None]
    return codes.astype(np.int32), [_text(every[one]) for one in present]


def persons_of(table: Table) -> NDArray[np.int64] | None:
    """Whose rows they are (n,); None where every row is another person."""
    if table.schema.only(Role.PERSON_KEY) is None:
        return None
    persons = table.persons().astype(np.int64)
    return None if len(np.unique(persons)) == len(persons) else persons


def _text(value: object) -> str:
    if value is None or value != value:  # noqa: PLR0124 - NaN alone differs from itself
        return MISSING
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.0f}" if value.is_integer() else repr(value)
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
