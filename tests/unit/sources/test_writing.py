"""Tables written whole or not at all, and read back as they were."""

from __future__ import annotations

import errno
import gzip
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from cohortium.errors import InvalidRequest, TargetUnwritable
from cohortium.records import Column, Kind, Schema, Table
from cohortium.sources import conform, read_raw, write_table, writing


@pytest.fixture
def table() -> Table:
    schema = Schema(
        (
            Column("id", Kind.IDENTIFIER),
            Column("sex", Kind.CATEGORICAL),
            Column("stage", Kind.ORDINAL, levels=("I", "II, late")),
            Column("weight", Kind.CONTINUOUS),
            Column("visits", Kind.INTEGER),
            Column("smoker", Kind.BOOLEAN),
            Column("born", Kind.DATE),
            Column("seen", Kind.DATETIME),
            Column("precise", Kind.DATETIME),
            Column("stay", Kind.DURATION),
            Column("note", Kind.TEXT),
        )
    )
    raw = pa.table(
        {
            "id": ["007", "8"],
            "sex": ["m", None],
            "stage": ["II, late", "I"],
            "weight": [70.123456789012345, None],
            "visits": [2**60, None],
            "smoker": [True, None],
            "born": [date(1950, 1, 2), None],
            "seen": [datetime(2024, 1, 1, 8, 30), None],
            "precise": [datetime(2024, 1, 1, 8, 30, 0, 125), None],
            "stay": [1.5, None],
            "note": ['said "no",\nthen left', None],
        }
    )
    return Table(raw, schema)


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.parquet"])
def test_what_is_written_reads_back(tmp_path: Path, table: Table, name: str) -> None:
    path = write_table(table, tmp_path / name)
    again = conform(read_raw(path), table.schema)
    assert again.arrow.to_pydict() == table.arrow.to_pydict()
    assert [entry.name for entry in tmp_path.iterdir()] == [name]


def test_csv_reads_as_a_person_expects_and_the_same_table_gives_the_same_bytes(tmp_path: Path, table: Table) -> None:
    text = write_table(table, tmp_path / "a.csv").read_text().splitlines()[1]
    assert text.startswith(
        '"007","m","II, late",70.12345678901235,1152921504606846976,true,1950-01-02,2024-01-01 08:30:00,'
    )
    first = write_table(table, tmp_path / "a.csv.gz").read_bytes()
    assert write_table(table, tmp_path / "b.csv.gz").read_bytes() == first
    assert gzip.decompress(first) == (tmp_path / "a.csv").read_bytes()


def test_an_existing_file_is_replaced_only_by_a_whole_one(
    tmp_path: Path, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.csv"
    path.write_text("before")

    def full_disk(*_arguments: object, **_options: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(writing.csv, "write_csv", full_disk)
    with pytest.raises(TargetUnwritable, match="No space left on device"):
        write_table(table, path)
    assert path.read_text() == "before"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.csv"]


def test_an_interrupted_run_leaves_nothing(tmp_path: Path, table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_arguments: object, **_options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(writing.pq, "write_table", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_table(table, tmp_path / "a.parquet")
    assert list(tmp_path.iterdir()) == []


def test_places_that_cannot_be_written_are_named(tmp_path: Path, table: Table) -> None:
    with pytest.raises(TargetUnwritable, match="absent"):
        write_table(table, tmp_path / "absent" / "a.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(TargetUnwritable, match="is a folder"):
        write_table(table, tmp_path / "folder.csv")
    with pytest.raises(InvalidRequest, match=r"\.parquet"):
        write_table(table, tmp_path / "a.xlsx")
