"""Raw columns to the canonical table that a schema describes; every cell that cannot be read is counted."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from cohortium.errors import SchemaMismatch
from cohortium.records import Column, Kind, Schema, Table
from cohortium.records.images import is_bytes
from cohortium.records.table import ARROW_TYPES
from cohortium.sources.cells import Distinct, distinct, is_text
from cohortium.sources.cells.readers import Readings, read_distinct
from cohortium.sources.cells.typed import read_typed
from cohortium.sources.image_cells import read_images

_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Conformed:
    """One column under its schema.

    values     : (n,) in the Arrow type of its kind, null where missing.
    unreadable : rows whose cell holds something that is neither missing nor of the kind.
    """

    values: pa.Array | pa.ChunkedArray
    unreadable: int


def conform(raw: pa.Table, schema: Schema, folder: Path | None = None) -> Table:
    """``raw`` as the table that ``schema`` describes; columns are found by name and put in its order.

    folder : where image files lie that cells name.
    Raises : SchemaMismatch, listing each column with the number of cells that contradict it, never their values;
             SourceUnreadable where image files cannot be read.
    """
    present = set(raw.column_names)
    absent = [name for name in schema.names if name not in present]
    extra = [name for name in raw.column_names if name not in schema]
    if absent or extra:
        raise SchemaMismatch(
            f"The data and the schema differ in their columns. In the schema only: {absent}; in the data only: "
            f"{extra}. Edit the schema, or delete its file so that it is inferred anew."
        )
    columns = [conformed(raw.column(column.name), column, folder) for column in schema.columns]
    broken = [
        (column, result.unreadable) for column, result in zip(schema.columns, columns, strict=True) if result.unreadable
    ]
    if broken:
        raise SchemaMismatch(_explained(broken, raw.num_rows))
    return Table(pa.table([result.values for result in columns], names=list(schema.names)), schema)


def conformed(raw: pa.ChunkedArray, column: Column, folder: Path | None = None) -> Conformed:
    """One raw column read as ``column`` says."""
    if column.kind is Kind.IMAGE:
        return Conformed(read_images(raw, column, folder), 0)
    if is_bytes(raw.type):
        return Conformed(pa.nulls(len(raw), ARROW_TYPES[column.kind]), len(raw) - raw.null_count)
    typed = None if is_text(raw.type) else read_typed(raw, column)
    if typed is not None:
        return Conformed(typed.values, int(typed.unreadable.sum()))
    cells = distinct(raw, trim=column.kind is not Kind.TEXT)
    readings = read_distinct(cells.texts, column)
    return Conformed(_spread(cells, readings, column), int(cells.counts[readings.unreadable].sum()))


def _spread(cells: Distinct, readings: Readings, column: Column) -> pa.Array:
    """Values of distinct cells put back into their rows."""
    places = pa.array(cells.places, mask=cells.places < 0)
    if pa.types.is_dictionary(ARROW_TYPES[column.kind]):
        codes = readings.values.take(places)
        return pa.DictionaryArray.from_arrays(codes, pa.array(readings.levels, pa.string()))
    return readings.values.take(places)


def _explained(broken: list[tuple[Column, int]], rows: int) -> str:
    lines = [f"'{column.name}' ({column.kind}): {count:,} of {rows:,} cells" for column, count in broken[:_SHOWN]]
    more = f"; and {len(broken) - _SHOWN} more columns" if len(broken) > _SHOWN else ""
    listed = any(column.levels is not None for column, _ in broken)
    return (
        f"Columns hold cells that contradict the schema ({len(broken)} of them): {'; '.join(lines)}{more}. If these "
        "cells stand for missing values, add what they say to missing_codes; if the kind, the date_format or "
        "decimal_comma is wrong, correct it"
        + ("; if a level is new, add it to levels, or remove levels to allow any." if listed else ".")
    )
