"""Pseudonyms and date shifts of a CDM, as functions and a table that its SQL uses."""

from __future__ import annotations

import duckdb
import numpy as np
import pyarrow as pa

from cohortium.anonymise.omop.columns import CdmColumn
from cohortium.anonymise.omop.permutation import KeyedPermutation
from cohortium.anonymise.omop.reading import CdmSource, quoted
from cohortium.anonymise.omop.statements import person_column
from cohortium.anonymise.pseudonyms import KeyRing
from cohortium.errors import InvalidRecords

_NARROW = 1 << 31
_BATCH = 100_000


def offer_pseudonyms(source: CdmSource, ring: KeyRing) -> dict[str, bool]:
    """Create the functions person_pseudonym, record_pseudonym and word_pseudonym; which kinds of keys are wide.

    Keys of persons and of records are permuted apart from each other; all records share one permutation, so that keys
    in columns for several tables (events, facts, costs) go on fitting.
    Raises : InvalidRecords where a key is negative.
    """
    wide = {}
    for kind, roles in (("person", {"person"}), ("record", {"key", "fact"})):
        wide[kind] = _largest(source, roles) >= _NARROW
        permuted = KeyedPermutation(ring, kind, wide=wide[kind])
        _numbers(source.connection, f"{kind}_pseudonym", permuted)

    def words(column: pa.ChunkedArray) -> pa.Array:
        made = {text: ring.pseudonym("patient", text) for text in column.unique().to_pylist() if text is not None}
        return pa.array([None if text is None else made[text] for text in column.to_pylist()], pa.string())

    source.connection.create_function("word_pseudonym", words, ["VARCHAR"], "VARCHAR", type="arrow")
    return wide


def offer_shifts(source: CdmSource, ring: KeyRing, person_key: str) -> int:
    """Create the table "shifts" (person_id, days) for every person of any table; how many persons there are."""
    queries = [
        f"SELECT {quoted(column.name)} AS person_id FROM source.{quoted(table)}"  # noqa: S608
        for table, columns in source.tables.items()
        if (column := person_column(columns)) is not None
    ]
    named = person_key == "person_source_value" and any(one.name == person_key for one in source.tables["person"])
    key = (
        "coalesce(any_value(p.person_source_value), CAST(a.person_id AS VARCHAR))"
        if named
        else "CAST(a.person_id AS VARCHAR)"
    )
    joined = "LEFT JOIN source.person p USING (person_id)" if named else ""
    source.connection.execute("CREATE TABLE shifts (person_id BIGINT, days INTEGER)")
    found = source.connection.cursor().execute(
        f"SELECT a.person_id, {key} FROM ({' UNION '.join(queries)}) a {joined} "  # noqa: S608
        "WHERE a.person_id IS NOT NULL GROUP BY a.person_id"
    )
    persons = 0
    while rows := found.fetchmany(_BATCH):
        made = pa.table({"p": [row[0] for row in rows], "d": [ring.shift_days(str(row[1])) for row in rows]})
        source.connection.register("made_shifts", made)
        source.connection.execute("INSERT INTO shifts SELECT p, d FROM made_shifts")
        source.connection.unregister("made_shifts")
        persons += len(rows)
    return persons


def _numbers(connection: duckdb.DuckDBPyConnection, name: str, permuted: KeyedPermutation) -> None:
    def apply(column: pa.ChunkedArray) -> pa.Array:
        filled = column.combine_chunks().fill_null(0) if column.null_count else column.combine_chunks()
        made = permuted(np.asarray(filled.to_numpy(zero_copy_only=False), np.int64))
        return pa.array(made, pa.int64(), mask=np.asarray(column.is_null()) if column.null_count else None)

    connection.create_function(name, apply, ["BIGINT"], "BIGINT", type="arrow")


def _largest(source: CdmSource, roles: set[str]) -> int:
    """The largest key of these roles; raises InvalidRecords where one is negative."""
    largest = 0
    for table, columns in source.tables.items():
        fitting = [column for column in columns if column.role in roles]
        if not fitting:
            continue
        asked = ", ".join(f"min({quoted(one.name)}), max({quoted(one.name)})" for one in fitting)
        row = source.connection.execute(f"SELECT {asked} FROM source.{quoted(table)}").fetchone() or ()  # noqa: S608
        for number, column in enumerate(fitting):
            _not_negative(row[2 * number], column)
            largest = max(largest, row[2 * number + 1] or 0)
    return largest


def _not_negative(least: int | None, column: CdmColumn) -> None:
    if least is not None and least < 0:
        raise InvalidRecords(f"'{column.table}.{column.name}' has negative keys; keys must be whole numbers from 0 on.")
