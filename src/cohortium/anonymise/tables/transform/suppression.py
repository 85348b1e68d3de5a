"""Columns left out altogether."""

from __future__ import annotations

from collections.abc import Sequence

from cohortium.anonymise.tables.transform.columns import check_names
from cohortium.errors import InvalidRequest
from cohortium.records import Table


def without_columns(table: Table, columns: Sequence[str]) -> Table:
    """The table without these columns and without the rules that speak of them.

    Raises : InvalidRequest where the table lacks one, or none would be left.
    """
    check_names(table, columns)
    kept = [name for name in table.schema.names if name not in columns]
    if not kept:
        raise InvalidRequest("Every column would be left out; keep at least one.")
    return table.select(kept)
