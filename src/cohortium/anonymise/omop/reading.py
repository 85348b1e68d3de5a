"""The tables of a CDM as views of one DuckDB connection: a folder or zip of CSV or Parquet, or a DuckDB file."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

import duckdb

from cohortium.anonymise.omop.columns import TYPES, CdmColumn, cdm
from cohortium.errors import InvalidRecords, InvalidRequest, SourceUnreadable

_TEXT = (".csv", ".tsv", ".csv.gz", ".tsv.gz")
_KINDS = (*_TEXT, ".parquet")


@dataclass(frozen=True, slots=True)
class CdmSource:
    """An opened CDM.

    tables  : table of the CDM -> its columns that are there; views "source"."table" have them in the CDM's types.
    remarks : what was left out because the CDM does not know it, or because it was not of the column's type.
    """

    connection: duckdb.DuckDBPyConnection
    tables: dict[str, tuple[CdmColumn, ...]]
    remarks: tuple[str, ...]


@contextmanager
def opened(source: Path, scratch: Path, *, refuse_unknown: bool = False) -> Iterator[CdmSource]:
    """The CDM at a path, for as long as the block lasts; ``scratch`` takes what does not fit into memory.

    Raises : SourceUnreadable; InvalidRecords where it has no person table, or holds what the CDM does not know and that
             is to be refused.
    """
    if not source.exists():
        raise SourceUnreadable(f"{source} does not exist.")
    with TemporaryDirectory(dir=scratch) as folder, duckdb.connect() as connection:
        connection.execute("SET temp_directory = ?", [folder])
        connection.execute("CREATE SCHEMA source")
        try:
            raw, unknown = _raw_tables(connection, source, Path(folder))
            yield _conformed(connection, raw, unknown, Path(folder), refuse_unknown=refuse_unknown)
        except duckdb.Error as error:
            # DuckDB's own words can quote a cell.
            raise SourceUnreadable(
                f"{source.name} cannot be read as OMOP tables: {type(error).__name__}. CSV must be UTF-8 with a "
                "header, and each file one table of the CDM."
            ) from error


def quoted(name: str) -> str:
    """A name as SQL takes it, whatever characters it has."""
    return '"' + name.replace('"', '""') + '"'


def _raw_tables(connection: duckdb.DuckDBPyConnection, source: Path, folder: Path) -> tuple[dict[str, str], list[str]]:
    """Table of the CDM -> SQL that reads it as it is; names of what is no table of the CDM."""
    if source.is_file() and source.suffix.lower() in (".duckdb", ".ddb", ".db"):
        connection.execute(f"ATTACH '{_escaped(source)}' AS held (READ_ONLY)")
        rows = connection.execute(
            "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'held' ORDER BY ALL"
        ).fetchall()
        found = [(name, f"SELECT * FROM held.{quoted(schema)}.{quoted(name)}") for schema, name in rows]  # noqa: S608
    else:
        place = _unzipped(source, folder) if source.suffix.lower() == ".zip" else source
        if not place.is_dir():
            raise InvalidRequest(f"{source} must be a folder or zip of CSV or Parquet files, or a DuckDB file.")
        found = [(name, _reading(path, kind)) for path in sorted(place.rglob("*")) for name, kind in _named(path)]
    raw = {name.lower(): reading for name, reading in found if name.lower() in cdm()}
    if len(raw) < sum(name.lower() in cdm() for name, _ in found):
        raise InvalidRecords(f"{source.name} has a table of the CDM twice; leave one of the two.")
    return raw, [name for name, _ in found if name.lower() not in cdm()]


def _named(path: Path) -> list[tuple[str, str]]:
    if not path.is_file() or path.name.startswith(".") or "__MACOSX" in path.parts:
        return []
    kind = next((kind for kind in sorted(_KINDS, key=len, reverse=True) if path.name.lower().endswith(kind)), None)
    return [] if kind is None else [(path.name[: -len(kind)], kind)]


def _reading(path: Path, kind: str) -> str:
    if kind == ".parquet":
        return f"SELECT * FROM read_parquet('{_escaped(path)}')"  # noqa: S608
    return (
        f"SELECT * FROM read_csv('{_escaped(path)}', header = true, all_varchar = true, nullstr = ['', 'NULL', '\\N'])"  # noqa: S608
    )


def _escaped(path: Path) -> str:
    return str(path).replace("'", "''")


def _unzipped(source: Path, folder: Path) -> Path:
    place = folder / "unzipped"
    try:
        with zipfile.ZipFile(source) as archive:
            for member in archive.infolist():
                inside = PurePosixPath(member.filename)
                if inside.is_absolute() or ".." in inside.parts:
                    raise SourceUnreadable(f"{source.name} holds a file that would lie outside of it; it is not read.")
                archive.extract(member, place)
    except (zipfile.BadZipFile, OSError) as error:
        raise SourceUnreadable(f"{source.name} cannot be read as a zip: {type(error).__name__}.") from error
    return place


def _conformed(
    connection: duckdb.DuckDBPyConnection,
    raw: dict[str, str],
    unknown: list[str],
    folder: Path,
    *,
    refuse_unknown: bool,
) -> CdmSource:
    if "person" not in raw:
        raise InvalidRecords("There is no table 'person'; a CDM has one, as person.csv or person.parquet for example.")
    # Remarks leave with the records, and a file can be named after a patient.
    left = f'{len(unknown)} tables are not in the CDM and were left out; a profile with unknown = "refuse" names them.'
    remarks = [left] if unknown else []
    tables: dict[str, tuple[CdmColumn, ...]] = {}
    strangers: list[str] = []
    for table, reading in raw.items():
        stored = connection.execute(f"DESCRIBE {reading}").fetchall()
        names = {str(row[0]).strip().lower(): (str(row[0]), str(row[1])) for row in stored}
        strange = sorted(set(names) - set(cdm()[table]))
        strangers += [f"{table}.{name}" for name in strange]
        present = tuple(column for name, column in cdm()[table].items() if name in names)
        if not present:
            raise InvalidRecords(f"'{table}' has none of the columns of the CDM's table of that name.")
        cells = ", ".join(f"{_cast(*names[one.name], one.kind)} AS {quoted(one.name)}" for one in present)
        typed = f"SELECT {cells} FROM ({reading})"  # noqa: S608
        if "read_csv(" in reading:
            # Text is parsed once; every later question is asked of typed columns.
            staged = folder / f"{table}.parquet"
            connection.execute(f"COPY ({typed}) TO '{_escaped(staged)}' (FORMAT parquet)")
            typed = f"SELECT * FROM read_parquet('{_escaped(staged)}')"  # noqa: S608
        connection.execute(f"CREATE VIEW source.{quoted(table)} AS {typed}")
        tables[table] = present
        remarks += _lost(connection, table, reading, present, names)
    if refuse_unknown and (unknown or strangers):
        raise InvalidRecords(
            f"The profile refuses what the CDM does not know: {', '.join([*unknown, *strangers][:20])}."
        )
    remarks += [f"The column '{place}' is not in the CDM and was left out." for place in strangers]
    if not any(column.name == "person_id" for column in tables["person"]):
        raise InvalidRecords("The table 'person' has no column 'person_id'.")
    return CdmSource(connection, tables, tuple(remarks))


def _cast(name: str, stored: str, kind: str) -> str:
    cell = quoted(name)
    if kind == "text":
        return f"CAST({cell} AS VARCHAR)"
    if stored == "VARCHAR" and kind in ("date", "datetime"):
        # OHDSI's vocabulary files write dates as 20220131.
        compact = f"CAST(try_strptime({cell}, '%Y%m%d') AS {TYPES[kind]})"
        return f"coalesce(TRY_CAST({cell} AS {TYPES[kind]}), {compact})"
    return f"TRY_CAST({cell} AS {TYPES[kind]})"


def _lost(
    connection: duckdb.DuckDBPyConnection, table: str, reading: str, present: tuple[CdmColumn, ...],
    names: dict[str, tuple[str, str]],
) -> list[str]:  # fmt: skip
    typed = [one for one in present if one.kind != "text"]
    if not typed:
        return []
    counts = ", ".join(
        f"count({quoted(names[one.name][0])}) - count({_cast(*names[one.name], one.kind)})" for one in typed
    )
    row = connection.execute(f"SELECT {counts} FROM ({reading})").fetchone() or ()  # noqa: S608
    return [
        f"{number:,} values of '{table}.{one.name}' are no {one.kind} and were left out."
        for one, number in zip(typed, row, strict=True)
        if number
    ]
