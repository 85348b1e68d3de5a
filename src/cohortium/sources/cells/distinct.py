"""The distinct cells of a column and where each stands, so that meaning is worked out once per distinct cell."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from cohortium.sources.cells.texts import as_texts, is_text


@dataclass(frozen=True)
class Distinct:
    """A column as its distinct cells.

    values : distinct cells, none of them empty; texts without blanks around them, other types as stored.
    places : (n,) which of ``values`` stands in each row; -1 where the cell is empty.
    """

    values: pa.Array
    places: NDArray[np.int32]

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """(d,) rows in which each distinct cell stands."""
        return np.bincount(self.places[self.places >= 0], minlength=len(self.values)).astype(np.int64)

    @cached_property
    def texts(self) -> pa.Array:
        """(d,) the distinct cells as texts."""
        return as_texts(self.values)

    @property
    def filled(self) -> int:
        """Rows whose cell is not empty."""
        return int((self.places >= 0).sum())


def distinct(column: pa.ChunkedArray | pa.Array, *, trim: bool = True) -> Distinct:
    """The distinct cells of ``column``; an empty text, a null and a NaN are empty cells."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays([chunk.cast(_plain(array.type)) for chunk in array.chunks] or [_nothing(array.type)])
    if pa.types.is_null(array.type):
        return Distinct(pa.array([], pa.string()), np.full(len(array), -1, dtype=np.int32))
    if pa.types.is_floating(array.type):
        array = pc.if_else(pc.is_nan(array), pa.scalar(None, array.type), array)
    encoded = array if pa.types.is_dictionary(array.type) else array.dictionary_encode()
    places = np.asarray(encoded.indices.cast(pa.int32()).fill_null(-1), dtype=np.int32)
    values = encoded.dictionary
    if is_text(values.type):
        values = values.cast(pa.string())
        trimmed = pc.utf8_trim_whitespace(values) if trim else values
        if not pa.types.is_dictionary(array.type) and trimmed.equals(values):
            return _without_empty(values, places)
        return _regrouped(trimmed, places)
    if pa.types.is_dictionary(array.type):
        return _regrouped(values, places)
    return Distinct(values, places)


def _plain(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _nothing(kind: pa.DataType) -> pa.Array:
    return pa.array([], _plain(kind))


def _without_empty(values: pa.Array, places: NDArray[np.int32]) -> Distinct:
    """Cells that are distinct already, less the empty text."""
    empty = pc.index(values, "").as_py()
    if empty < 0:
        return Distinct(values, places)
    places = np.where(places == empty, np.int32(-1), places - (places > empty)).astype(np.int32)
    return Distinct(pa.concat_arrays([values[:empty], values[empty + 1 :]]), places)


def _regrouped(values: pa.Array, places: NDArray[np.int32]) -> Distinct:
    """The same cells once more distinct: trimming may have made some equal, and a dictionary may hold unused ones."""
    used = np.zeros(len(values) + 1, dtype=np.bool_)
    used[places] = True
    kept = pc.if_else(pa.array(used[:-1]), values, pa.scalar(None, values.type))
    if pa.types.is_string(values.type):
        kept = pc.if_else(pc.equal(kept, ""), pa.scalar(None, values.type), kept)
    again = kept.dictionary_encode()
    lookup = np.append(np.asarray(again.indices.fill_null(-1), dtype=np.int32), np.int32(-1))
    return Distinct(again.dictionary, lookup[places])
