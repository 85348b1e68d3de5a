"""What a risk assessment reads: the table, releases of it as they are told, and the hierarchies they were told by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from cohortium.anonymise.tables.hierarchy import MISSING, Hierarchy, read_hierarchy
from cohortium.errors import InvalidRequest, SourceUnreadable
from cohortium.records import Column, Kind, Role, Schema, Table
from cohortium.sources import Options, read_raw
from cohortium.sources.conform import conformed


def read_release(address: str, original: Schema) -> Table:
    """A release of a table, whoever made it: columns that still hold the original's values as such, others as texts.

    Columns that the original does not have are left aside.
    Raises : InvalidRequest where it has none of the original's columns; SourceUnreadable.
    """
    raw = read_raw(address, Options())
    shared = [column for column in original.columns if column.name in raw.column_names]
    if not shared:
        raise InvalidRequest(f"{Path(address).name} has none of the table's columns; it is no release of it.")
    columns, arrays = [], []
    for column in shared:
        told, array = _as_told(raw.column(column.name), column)
        columns.append(told)
        arrays.append(array)
    return Table(
        pa.table(arrays, names=[one.name for one in columns]), Schema(tuple(columns), title=Path(address).name)
    )


def _as_told(raw: pa.ChunkedArray, column: Column) -> tuple[Column, pa.Array]:
    for one in _as_values(column):
        read = conformed(raw, one)
        if not read.unreadable:
            return one, read.values
    told = Column(column.name, Kind.CATEGORICAL, column.roles - {Role.TIME, Role.EVENT, Role.PERSON_KEY},
                  missing_codes=column.missing_codes)  # fmt: skip
    return told, conformed(raw, told).values


def _as_values(column: Column) -> tuple[Column, ...]:
    """The column as values, exact or - where a release changed whole numbers - no longer whole; nothing if nominal."""
    if column.kind.is_nominal and column.kind is not Kind.BOOLEAN:
        return ()
    return (column, replace(column, kind=Kind.CONTINUOUS)) if column.kind is Kind.INTEGER else (column,)


def hierarchies_in(folder: Path, columns: Sequence[str]) -> dict[str, Hierarchy]:
    """The hierarchies of these columns among the files of a folder: ``age.csv``, or as ARX names them ``..._age.csv``.

    Raises : InvalidRequest where two files are for one column; SourceUnreadable where the folder or a file is not read.
    """
    if not folder.is_dir():
        raise SourceUnreadable(f"There is no folder {folder}; 'cohortium anonymise hierarchies' makes one.")
    files = sorted(folder.glob("*.csv"))
    found = {}
    for name in columns:
        exact = [path for path in files if path.stem == name]
        named = exact or [path for path in files if path.stem.endswith(f"_{name}")]
        if len(named) > 1:
            raise InvalidRequest(
                f"{folder} has {len(named)} files for the column '{name}'; keep one, called {name}.csv."
            )
        if named:
            found[name] = read_hierarchy(named[0], name)
    return found


def read_hierarchies(folder: Path | None, table: Table, columns: Sequence[str]) -> dict[str, Hierarchy]:
    """The same, each with the missing values that the table has.

    Raises : InvalidRequest where the folder has none of them, or two files for one column; SourceUnreadable.
    """
    if folder is None:
        return {}
    found = hierarchies_in(folder, columns)
    if not found:
        raise InvalidRequest(
            f"{folder} has no hierarchy of {list(columns)}; a file is called after its column: age.csv."
        )
    return {name: one.with_value(MISSING) if table.missing(name).any() else one for name, one in found.items()}
