"""DuckDB database files."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pyarrow as pa

from cohortium import registry
from cohortium.errors import InvalidRequest, SourceUnreadable
from cohortium.sources.address import Address, Options
from cohortium.sources.batches import Batches
from cohortium.sources.stored_types import plain_batch, readable_schema
from cohortium.sources.tables import chosen_query

_ROWS = 131_072
# The database is a source of data, never of code: it may not reach the network or other files.
_SETTINGS = {"enable_external_access": False, "threads": 2}


@registry.source("duckdb", suffixes=(".duckdb", ".ddb"))
def open_duckdb(address: Address, options: Options) -> Batches:
    """DuckDB: a table or view, or the result of a query. The database is opened for reading only."""
    path = str(address.file)
    try:
        with duckdb.connect(path, read_only=True, config=_SETTINGS) as connection:
            names = connection.execute("SELECT table_name FROM information_schema.tables ORDER BY 1").fetchall()
            query = chosen_query([name for (name,) in names], address, options)
            stored = connection.execute(query).to_arrow_reader(_ROWS).schema
    except (duckdb.IOException, duckdb.SerializationException) as error:
        raise SourceUnreadable(
            f"{address} is not a DuckDB database that this version ({duckdb.__version__}) can open, or another program "
            "is writing to it."
        ) from error
    except duckdb.Error as error:
        raise _refusal(address, error) from None
    schema = readable_schema(stored, address)

    def rows() -> Iterator[pa.RecordBatch]:
        with duckdb.connect(path, read_only=True, config=_SETTINGS) as connection:
            try:
                yield from _batches(connection, query, schema)
            except duckdb.Error as error:
                raise _refusal(address, error) from None

    return Batches(schema, rows)


def _batches(connection: duckdb.DuckDBPyConnection, query: str, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    for batch in connection.execute(query).to_arrow_reader(_ROWS):
        yield plain_batch(batch, schema)


def _refusal(address: Address, error: duckdb.Error) -> InvalidRequest:
    """Why the query failed; the database's own words only where they cannot quote a cell."""
    about_the_query = isinstance(error, duckdb.ParserException | duckdb.BinderException | duckdb.CatalogException)
    words = str(error).partition("\n")[0] if about_the_query else type(error).__name__
    return InvalidRequest(f"{address} cannot answer the query: {words}. Correct the query; it may only read.")
