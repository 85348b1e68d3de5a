"""SQLite databases, by the standard library."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pyarrow as pa

from cohortium import registry
from cohortium.errors import InvalidRequest, SourceUnreadable
from cohortium.sources.address import Address, Options
from cohortium.sources.annotations import annotated, unique_names
from cohortium.sources.batches import Batches
from cohortium.sources.tables import chosen_query
from cohortium.sources.untyped import cell_text, type_of

_ROWS = 65_536


@registry.source("sqlite", suffixes=(".sqlite", ".sqlite3", ".db"))
def open_sqlite(address: Address, options: Options) -> Batches:
    """SQLite: a table or view, or the result of a query. The database is opened for reading only.

    SQLite types each cell, so the whole result is looked through once to find the type of each column.
    """
    uri = f"{address.file.resolve().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            names = connection.execute(
                "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' ORDER BY 1"
            )
            query = chosen_query([name for (name,) in names], address, options)
            schema = _schema(connection, query, address)
    except sqlite3.OperationalError as error:
        raise InvalidRequest(f"{address} cannot answer the query: {error}. Correct the query.") from error
    except sqlite3.DatabaseError as error:
        raise SourceUnreadable(f"{address} is not a whole SQLite database ({error}). Copy it again.") from error

    def rows() -> Iterator[pa.RecordBatch]:
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            cursor = connection.execute(query)
            while part := cursor.fetchmany(_ROWS):
                columns = [
                    pa.array(_fitting(cells, field.type), field.type)
                    for cells, field in zip(zip(*part, strict=True), schema, strict=True)
                ]
                yield pa.RecordBatch.from_arrays(columns, schema=schema)

    return Batches(schema, rows)


def _schema(connection: sqlite3.Connection, query: str, address: Address) -> pa.Schema:
    cursor = connection.execute(query)
    if cursor.description is None:
        raise InvalidRequest("The query gives no rows; a SELECT was expected.")
    names = [entry[0] for entry in cursor.description]
    kinds: list[set[type]] = [set() for _ in names]
    largest = [0] * len(names)
    for row in cursor:
        for place, cell in enumerate(row):
            if cell is not None:
                kinds[place].add(type(cell))
                if type(cell) is int:
                    largest[place] = max(largest[place], abs(cell))
    binary = [name for name, found in zip(names, kinds, strict=True) if bytes in found]
    if binary:
        raise SourceUnreadable(f"{address} holds binary data in {binary}. Name the other columns in a query.")
    fields = []
    for (name, notes), found, most in zip(unique_names(names), kinds, largest, strict=True):
        arrow = type_of(found, most)
        mixed = (
            ("Cells of the source are of mixed types (text and numbers); all were read as text.",)
            if pa.types.is_string(arrow) and found - {str}
            else ()
        )
        fields.append(annotated(pa.field(name, arrow), (*notes, *mixed)))
    return pa.schema(fields)


def _fitting(cells: tuple[Any, ...], arrow: pa.DataType) -> list[Any]:
    if not pa.types.is_string(arrow):
        return list(cells)
    return [None if cell is None else cell_text(cell) for cell in cells]
