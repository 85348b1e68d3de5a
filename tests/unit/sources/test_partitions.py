"""Laying a source out: every row once, no person in two files, nothing left behind, and any kind of source."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq
import pytest

from cohortium.errors import InvalidRecords, InvalidRequest, SchemaMismatch, SourceUnreadable, TargetUnwritable
from cohortium.records import Column, Kind, Role, Schema, Table, concat
from cohortium.sources import Options, partitions, save_schema, schema_path_for
from cohortium.sources.partitions import laid_out, partition_of_person, read_partition

SCHEMA = Schema(
    (
        Column("person", Kind.IDENTIFIER, frozenset({Role.PERSON_KEY})),
        Column("age", Kind.INTEGER),
        Column("ward", Kind.CATEGORICAL),
    )
)
RNG = np.random.default_rng(0)
FRAME = pa.table(
    {
        "person": [f"P{k}" for k in RNG.integers(0, 80, 900)],
        "age": RNG.integers(18, 90, 900),
        "ward": RNG.choice(["A", "B", "Ö"], 900),
    }
)


def rows(table: Table) -> list[tuple[object, ...]]:
    return sorted(zip(*(table.arrow.column(name).to_pylist() for name in table.schema.names), strict=True))


def parquet(folder: Path) -> tuple[Path, Options | None]:
    pq.write_table(FRAME, folder / "a.parquet", row_group_size=100)
    return folder / "a.parquet", None


def parquet_folder(folder: Path) -> tuple[Path, Options | None]:
    (folder / "many").mkdir()
    for place in range(3):
        pq.write_table(FRAME.slice(place * 300, 300), folder / "many" / f"{place}.parquet")
    return folder / "many", None


def csv(folder: Path) -> tuple[Path, Options | None]:
    arrow_csv.write_csv(FRAME, folder / "a.csv")
    return folder / "a.csv", None


def database(folder: Path) -> tuple[Path, Options | None]:
    frame = FRAME
    with duckdb.connect(str(folder / "a.duckdb")) as connection:
        connection.register("frame", frame)
        connection.execute("CREATE TABLE visits AS SELECT *, 1 AS more FROM frame")
    return folder / "a.duckdb", Options(query="SELECT person, age, ward FROM visits")


@pytest.mark.parametrize("made", [parquet, parquet_folder, csv, database])
def test_every_row_lies_in_one_partition_and_so_does_every_person(
    made: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partitions, "PIECE", 250)
    address, options = made(tmp_path)  # type: ignore[operator]
    with laid_out(address, 6, options=options, schema=SCHEMA, folder=tmp_path) as parts:
        tables = [read_partition(path, parts.schema) for path in parts.paths]
        assert parts.rows == 900 == sum(len(table) for table in tables)
        assert rows(concat(tables)) == rows(Table(FRAME, SCHEMA))
        persons = [set(table.arrow.column("person").to_pylist()) for table in tables]
        assert sum(map(len, persons)) == len(set.union(*persons))
        assert max(map(len, tables)) < 3 * min(map(len, tables))
        assert oct(parts.paths[0].parent.stat().st_mode)[-3:] == "700"
    assert not parts.paths[0].parent.exists()


def test_without_a_person_key_rows_are_dealt_evenly(tmp_path: Path) -> None:
    schema = SCHEMA.select(("age", "ward"))
    with laid_out(parquet(tmp_path)[0], 7, schema=SCHEMA, columns=("age",)) as parts:
        assert parts.schema.names == ("person", "age")
    pq.write_table(FRAME.select(["age", "ward"]), tmp_path / "b.parquet")
    with laid_out(tmp_path / "b.parquet", 7, schema=schema) as parts:
        sizes = [len(read_partition(path, schema)) for path in parts.paths]
    assert max(sizes) - min(sizes) <= 1


def test_the_partition_of_a_person_follows_from_the_key_alone() -> None:
    table = Table(FRAME, SCHEMA)
    places = partition_of_person(table, "person", 13)
    assert set(places) == set(range(13))
    again = partition_of_person(table.take(np.arange(899, -1, -3)), "person", 13)
    assert (again == places[::-3]).all()


def test_the_schema_beside_the_data_is_used_and_asked_for(tmp_path: Path) -> None:
    address, _ = parquet(tmp_path)
    with pytest.raises(InvalidRequest, match="no schema file"), laid_out(address, 2):
        pass
    save_schema(SCHEMA, schema_path_for(address))
    with laid_out(address, 2) as parts:
        assert parts.schema.names == SCHEMA.names


def test_what_cannot_be_laid_out_is_named_and_leaves_nothing(tmp_path: Path) -> None:
    address, _ = parquet(tmp_path)
    before = sorted(tmp_path.iterdir())
    nameless = FRAME.set_column(0, "person", pa.array([None, *FRAME.column("person").to_pylist()[1:]]))
    odd = FRAME.set_column(1, "age", pa.array(["old"] * 900))
    for frame, error in ((nameless, InvalidRecords), (odd, SchemaMismatch)):
        pq.write_table(frame, address)
        with pytest.raises(error), laid_out(address, 2, schema=SCHEMA, folder=tmp_path):
            pass
    with pytest.raises(InvalidRequest, match="between 1 and"), laid_out(address, 0, schema=SCHEMA):
        pass
    with pytest.raises(InvalidRequest, match="'height'"), laid_out(address, 2, schema=SCHEMA, columns=("height",)):
        pass
    with pytest.raises(TargetUnwritable), laid_out(address, 2, schema=SCHEMA, folder=tmp_path / "absent"):
        pass
    assert sorted(tmp_path.iterdir()) == before
    (tmp_path / "none").mkdir()
    with pytest.raises(SourceUnreadable, match="no Parquet"), laid_out(tmp_path / "none", 2, schema=SCHEMA):
        pass


def test_a_partition_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreadable, match="gone or damaged"):
        read_partition(tmp_path / "0001.parquet", SCHEMA)
