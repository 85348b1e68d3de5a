"""Reading as a steward does it: infer and save, edit, read again."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from cohortium.errors import SchemaMismatch
from cohortium.records import Column, Kind, Schema
from cohortium.registry import entries
from cohortium.sources import Options, load_schema, read, read_raw, save_schema, schema_path_for

CSV = "patient_id,code,value\n1,7,3.5\n2,8,4.5\n3,7,-9\n"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "trial.csv"
    path.write_text(CSV)
    return path


def test_the_first_reading_saves_a_schema_and_the_second_uses_the_edited_one(data: Path) -> None:
    first = read(data)
    path = data.with_name("trial.csv.schema.toml")
    assert path == schema_path_for(data)
    assert load_schema(path) == first.schema
    assert first.schema.title == "trial.csv"
    edited = first.schema.replace_column(Column("code", Kind.CATEGORICAL, levels=("7", "8"), unit="mine"))
    save_schema(edited, path)
    assert read(data).schema == edited


def test_a_schema_that_contradicts_the_data_is_refused(data: Path) -> None:
    save_schema(
        Schema(tuple(Column(name, Kind.DATE) for name in ("patient_id", "code", "value"))), schema_path_for(data)
    )
    with pytest.raises(SchemaMismatch, match="3 of 3 cells"):
        read(data)


def test_a_given_schema_or_path_goes_first_and_saving_can_be_declined(data: Path, tmp_path: Path) -> None:
    given = Schema(tuple(Column(name, Kind.TEXT) for name in ("patient_id", "code", "value")))
    assert read(data, schema=given).schema == given
    read(data, save=False)
    assert [path.name for path in tmp_path.iterdir()] == ["trial.csv"]
    elsewhere = tmp_path / "schemas.toml"
    read(data, schema_path=elsewhere)
    assert elsewhere.exists()
    assert not schema_path_for(data).exists()


def test_each_sheet_and_table_has_its_own_schema_file(tmp_path: Path) -> None:
    assert schema_path_for(tmp_path / "a.xlsx", Options(sheet="My Visits")).name == "a.xlsx.My_Visits.schema.toml"
    assert schema_path_for(tmp_path / "a.db", Options(table="visits")).name == "a.db.visits.schema.toml"
    assert schema_path_for("postgresql://u:secret@h:1/clinic?table=lab.results") == Path(
        "clinic.lab.results.schema.toml"
    )


def test_every_format_is_registered_with_a_line_for_people() -> None:
    names = {entry.name for entry in entries("source")}
    assert names == {"csv", "parquet", "arrow", "excel", "sqlite", "duckdb", "postgres", "redcap", "npz"}
    assert all(entry.summary for entry in entries("source"))


def test_a_new_format_is_one_function(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from cohortium import registry
    from cohortium.sources import Batches

    monkeypatch.setattr(registry, "_ENTRIES", dict(registry._ENTRIES))

    @registry.source("dots", suffixes=(".dots",))
    def open_dots(address: object, options: object) -> Batches:
        """Files of dots."""
        batch = pa.record_batch({"dots": [3]})
        return Batches(batch.schema, lambda: iter([batch]))

    (tmp_path / "a.dots").write_text("...")
    assert read_raw(tmp_path / "a.dots").to_pydict() == {"dots": [3]}
