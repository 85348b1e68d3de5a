"""Formats that type their columns, or their cells: Parquet, Arrow, Excel, SQLite, DuckDB."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cohortium.errors import InvalidRequest, SchemaMismatch, SourceUnreadable
from cohortium.records import Column, Kind, Schema
from cohortium.sources import Options, conform, infer_schema, open_large, read_raw


def _table() -> pa.Table:
    return pa.table(
        {
            "id": pa.array([1, 2, 3], pa.int64()),
            "sex": pa.array(["m", None, "f"]).dictionary_encode(),
            "weight": pa.array([70.5, float("nan"), 81.0]),
            "seen": pa.array([datetime(2024, 1, 1, 8, tzinfo=UTC)] * 3, pa.timestamp("ns", "Europe/Berlin")),
            "born": pa.array([date(1950, 1, 2)] * 3),
        }
    )


def _arrow_file(table: pa.Table, path: Path) -> None:
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=2)


def _arrow_stream(table: pa.Table, path: Path) -> None:
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)


_WRITERS: dict[str, Callable[[pa.Table, Path], None]] = {
    "a.parquet": lambda table, path: pq.write_table(table, path, row_group_size=2),
    "a.arrow": _arrow_file,
    "a.arrows": _arrow_stream,
    "a.feather": lambda table, path: table.to_pandas().to_feather(path),
}


@pytest.mark.parametrize("name", _WRITERS)
def test_typed_columns_arrive_as_they_were_stored(tmp_path: Path, name: str) -> None:
    _WRITERS[name](_table(), tmp_path / name)
    raw = read_raw(tmp_path / name)
    table = conform(raw, infer_schema(raw))
    assert table.schema["id"].kind is Kind.IDENTIFIER
    assert table.arrow.column("sex").to_pylist() == ["m", None, "f"]
    assert table.arrow.column("weight").to_pylist() == [70.5, None, 81.0]
    assert table.arrow.column("seen")[0].as_py() == datetime(2024, 1, 1, 8)
    assert table.arrow.column("born")[0].as_py() == date(1950, 1, 2)


@pytest.mark.parametrize("name", _WRITERS)
def test_a_typed_file_cut_short_is_refused(tmp_path: Path, name: str) -> None:
    _WRITERS[name](pa.table({"x": list(range(5000))}), tmp_path / "whole")
    content = (tmp_path / "whole").read_bytes()
    (tmp_path / name).write_bytes(content[: len(content) // 2])
    with pytest.raises(SourceUnreadable, match="cut short"):
        read_raw(tmp_path / name)


def test_nested_columns_are_named(tmp_path: Path) -> None:
    pq.write_table(pa.table({"id": [1], "codes": [["a", "b"]], "parts": [{"a": 1}]}), tmp_path / "a.parquet")
    with pytest.raises(SourceUnreadable, match=r"\['codes', 'parts'\]"):
        read_raw(tmp_path / "a.parquet")


def test_binary_columns_that_are_no_images_are_named(tmp_path: Path) -> None:
    pq.write_table(pa.table({"id": [1], "scan": [b"\x00"]}), tmp_path / "a.parquet")
    with pytest.raises(SourceUnreadable, match="'scan' holds binary data that are not image files"):
        infer_schema(read_raw(tmp_path / "a.parquet"))
    with pytest.raises(SchemaMismatch, match=r"'scan' \(text\): 1 of 1"):
        conform(read_raw(tmp_path / "a.parquet"), Schema((Column("id", Kind.INTEGER), Column("scan", Kind.TEXT))))


def _workbook(path: Path, sheets: dict[str, list[list[object]]]) -> None:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)


def test_a_sheet_keeps_numbers_dates_and_text(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["id", "plz", "weight", "born", "seen", "stay", "mixed", "id"],
        [1, "01069", 70.5, date(1950, 1, 2), datetime(2024, 1, 1, 8, 30), timedelta(hours=5), 1, 7],
        [2, "00100", 71, date(1951, 1, 2), datetime(2024, 1, 2), timedelta(hours=6), "unknown", 8],
        [None] * 8,
    ]
    _workbook(tmp_path / "a.xlsx", {"Visits": rows})
    raw = read_raw(tmp_path / "a.xlsx")
    assert raw.num_rows == 2
    assert raw.schema.field("id").type == pa.int64()
    assert raw.column("plz").to_pylist() == ["01069", "00100"]
    assert raw.column("weight").to_pylist() == [70.5, 71.0]
    assert raw.column("mixed").to_pylist() == ["1", "unknown"]
    assert raw.column("id_2").to_pylist() == [7, 8]
    schema = infer_schema(raw)
    assert (schema["born"].kind, schema["seen"].kind, schema["stay"].kind) == (Kind.DATE, Kind.DATETIME, Kind.DURATION)
    assert any("mixed types" in reason for reason in schema["mixed"].reasons)
    assert conform(raw, schema).numeric("stay").tolist() == [5.0, 6.0]


def test_the_sheet_is_chosen_or_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    _workbook(path, {"Notes": [], "Data": [["x"], [1]]})
    assert read_raw(path).column_names == ["x"]
    _workbook(path, {"One": [["x"], [1]], "Two": [["y"], [2]]})
    assert read_raw(path, Options(sheet="Two")).column_names == ["y"]
    with pytest.raises(InvalidRequest, match=r"\['One', 'Two'\]"):
        read_raw(path)
    with pytest.raises(InvalidRequest, match="no sheet 'Three'"):
        read_raw(path, Options(sheet="Three"))


def test_what_is_no_workbook_or_empty_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").write_bytes(b"nothing of the kind")
    with pytest.raises(SourceUnreadable, match="not a whole workbook"):
        read_raw(tmp_path / "a.xlsx")
    _workbook(tmp_path / "b.xlsx", {"Empty": []})
    with pytest.raises(SourceUnreadable, match=r"'Empty'.*is empty"):
        read_raw(tmp_path / "b.xlsx")


def _sqlite(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE visits (id INTEGER, weight, day TEXT, big)")
        connection.executemany(
            "INSERT INTO visits VALUES (?, ?, ?, ?)",
            [(1, 70.5, "2024-01-01", 2**40), (2, "n/a", None, 3), (3, 71, "2024-01-03", None)],
        )
        connection.execute("CREATE TABLE codes (code TEXT)")
        connection.execute('CREATE TABLE "odd ""name" (x)')
        connection.execute('INSERT INTO "odd ""name" VALUES (1)')
    connection.close()


def test_sqlite_tables_queries_and_cells_of_mixed_types(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    _sqlite(path)
    raw = read_raw(path, Options(table="visits"))
    assert raw.column("weight").to_pylist() == ["70.5", "n/a", "71"]
    assert raw.column("big").to_pylist() == [2**40, 3, None]
    schema = infer_schema(raw)
    assert schema["weight"].missing_codes == ("n/a",)
    assert schema["day"].kind is Kind.DATE
    assert read_raw(path, Options(query="SELECT max(id) AS top FROM visits")).to_pydict() == {"top": [3]}
    assert read_raw(path, Options(table='odd "name')).to_pydict() == {"x": [1]}


def test_duckdb_tables_and_queries(tmp_path: Path) -> None:
    path = tmp_path / "a.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE visits AS SELECT i AS id, i * 1.5::DECIMAL(6,2) AS dose FROM range(5) t(i)")
    raw = read_raw(path)
    assert conform(raw, infer_schema(raw)).numeric("dose").tolist() == [0.0, 1.5, 3.0, 4.5, 6.0]
    assert read_raw(path, Options(query="SELECT count(*) AS n FROM visits")).to_pydict() == {"n": [5]}


@pytest.mark.parametrize("ending", ["sqlite", "duckdb"])
def test_databases_say_what_they_hold_and_stay_unchanged(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a.{ending}"
    if ending == "sqlite":
        _sqlite(path)
    else:
        with duckdb.connect(str(path)) as connection:
            connection.execute("CREATE TABLE codes (code TEXT)")
            connection.execute("CREATE TABLE visits (id INT)")
    with pytest.raises(InvalidRequest, match=r"codes.*visits"):
        read_raw(path)
    with pytest.raises(InvalidRequest, match="no table 'wards'"):
        read_raw(path, Options(table="wards"))
    with pytest.raises(InvalidRequest, match="Correct the query"):
        read_raw(path, Options(query="SELEC 1"))
    with pytest.raises((InvalidRequest, SourceUnreadable)):
        read_raw(path, Options(query="DROP TABLE codes"))
    assert read_raw(path, Options(table="codes")).column_names == ["code"]
    (tmp_path / f"b.{ending}").write_bytes(b"no database at all" * 100)
    with pytest.raises(SourceUnreadable):
        read_raw(tmp_path / f"b.{ending}")


def test_a_duckdb_query_cannot_reach_other_files(tmp_path: Path) -> None:
    path = tmp_path / "a.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE visits (id INT)")
    (tmp_path / "other.csv").write_text("a\n1\n")
    with pytest.raises((InvalidRequest, SourceUnreadable)):
        read_raw(path, Options(query=f"SELECT * FROM read_csv('{tmp_path / 'other.csv'}')"))


def test_missing_files_folders_and_unknown_endings_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreadable, match="There is no file"):
        read_raw(tmp_path / "absent.csv")
    with pytest.raises(SourceUnreadable, match="is a folder"):
        read_raw(tmp_path)
    (tmp_path / "a.docx").write_text("x")
    with pytest.raises(InvalidRequest, match=r"\.parquet.*postgresql://"):
        read_raw(tmp_path / "a.docx")
    with pytest.raises(InvalidRequest, match="Both a table and a query"):
        Options(table="a", query="b")


def test_every_source_streams_the_rows_that_it_reads(tmp_path: Path) -> None:
    frame = pd.DataFrame({"x": range(1000), "y": [str(i % 7) for i in range(1000)]})
    frame.to_csv(tmp_path / "a.csv", index=False)
    frame.to_parquet(tmp_path / "a.parquet", index=False)
    for name in ("a.csv", "a.parquet"):
        large = open_large(tmp_path / name)
        assert sum(len(batch) for batch in large) == sum(len(batch) for batch in large) == 1000
        copy = large.to_parquet(tmp_path / "copy.parquet")
        assert read_raw(copy).column("y").to_pylist() == frame["y"].tolist()
