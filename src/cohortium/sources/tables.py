"""Which table of a database is meant."""

from __future__ import annotations

from collections.abc import Sequence

from cohortium.errors import InvalidRequest
from cohortium.sources.address import Address, Options


def chosen_query(tables: Sequence[str], address: Address, options: Options) -> str:
    """The SQL that reads what was asked for: the query, the table, or the only table that there is.

    Raises : InvalidRequest, listing the tables, where it is not clear which one is meant.
    """
    if options.query is not None:
        return options.query
    if options.table is not None:
        if options.table not in tables:
            raise InvalidRequest(f"{address} has no table '{options.table}'; it has {list(tables)}.")
        return f"SELECT * FROM {quoted(options.table)}"  # noqa: S608 - the name is one of the database's own
    if len(tables) == 1:
        return f"SELECT * FROM {quoted(tables[0])}"  # noqa: S608 - the name is one of the database's own
    found = f"it has the tables {list(tables)}" if tables else "it has no tables"
    raise InvalidRequest(f"{address} was given without a table, and {found}. Say which with 'table', or give a query.")


def quoted(name: str) -> str:
    """``name`` as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
