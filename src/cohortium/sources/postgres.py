"""PostgreSQL servers, by Arrow Database Connectivity."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

import pyarrow as pa

from cohortium import registry
from cohortium.errors import InvalidRequest, MissingExtra, SourceUnreadable
from cohortium.sources.address import Address, Options
from cohortium.sources.batches import Batches
from cohortium.sources.stored_types import plain_batch, readable_schema
from cohortium.sources.tables import quoted

_TABLES = (
    "SELECT table_schema, table_name FROM information_schema.tables "
    "WHERE table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, 2"
)


@registry.source("postgres", schemes=("postgresql", "postgres"))
def open_postgres(address: Address, options: Options) -> Batches:
    """PostgreSQL: ``postgresql://user:password@host/database?table=schema.table``, or with a query.

    Read in a read-only transaction. Times with a zone come in UTC, decimals as their digits.
    """
    server, table = _split(address.text)
    if options.query is None:
        table = options.table or table
    with _cursor(address, server) as cursor:
        query = options.query or _table_query(cursor, address, table)
        cursor.execute(query)
        schema = readable_schema(cursor.fetch_record_batch().schema, address)

    def rows() -> Iterator[pa.RecordBatch]:
        with _cursor(address, server) as cursor:
            cursor.execute(query)
            for batch in cursor.fetch_record_batch():
                yield plain_batch(batch, schema)

    return Batches(schema, rows)


def _split(url: str) -> tuple[str, str | None]:
    """The server's address without our own ``table``, and that table."""
    parts = urlsplit(url)
    pairs = parse_qsl(parts.query)
    table = dict(pairs).get("table")
    rest = urlencode([(key, value) for key, value in pairs if key != "table"])
    return urlunsplit(parts._replace(query=rest)), table


def _driver() -> ModuleType:
    try:
        from adbc_driver_postgresql import dbapi
    except ImportError as error:
        raise MissingExtra(
            "Reading PostgreSQL needs the extra 'postgres': install it with  pip install 'cohortium[postgres]'."
        ) from error
    return dbapi  # type: ignore[no-any-return]


@contextmanager
def _cursor(address: Address, server: str) -> Iterator[Any]:
    dbapi = _driver()
    try:
        connection = dbapi.connect(server)
    except dbapi.Error as error:
        raise SourceUnreadable(
            f"{address} does not answer: {_without_password(str(error), server)}. Check host, port, database, user and "
            "password."
        ) from None
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION READ ONLY")
            yield cursor
    except dbapi.Error as error:
        # The server's own text may quote a patient's value; its class (SQLSTATE) never does.
        raise InvalidRequest(
            f"{address} refused the query with SQLSTATE {error.sqlstate or 'unknown'}; look the class up in "
            "PostgreSQL's manual, appendix A, and correct the table, the query or the rights of the user."
        ) from None
    except OSError:
        # Once rows stream, Arrow passes the server's error on as this, without its class.
        raise InvalidRequest(
            f"{address} broke the query off while rows were read: a value could not be converted, or the connection "
            "ended. Correct the query, or try again."
        ) from None


def _table_query(cursor: Any, address: Address, table: str | None) -> str:
    cursor.execute(_TABLES)
    known = cursor.fetchall()
    wanted = [(schema, name) for schema, name in known if table is None or table in (name, f"{schema}.{name}")]
    if len(wanted) == 1:
        schema, name = wanted[0]
        return f"SELECT * FROM {quoted(schema)}.{quoted(name)}"  # noqa: S608 - the names are the database's own
    shown = [f"{schema}.{name}" for schema, name in known]
    asked = "was given without a table" if table is None else f"has {len(wanted)} tables '{table}'"
    raise InvalidRequest(f"{address} {asked}; its tables are {shown}. Name one as schema.table.")


def _without_password(text: str, server: str) -> str:
    password = urlsplit(server).password
    if password:
        for form in {password, unquote(password)}:
            text = text.replace(form, "***")
    return " ".join(text.split())
