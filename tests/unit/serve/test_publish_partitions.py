"""``cohortium node publish --partitions``: what is larger than memory is published without being read."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cohortium.federate.node.datasets import Dataset, datasets
from cohortium.records import Column, Kind, Schema
from cohortium.serve.cli import app
from cohortium.sources import save_schema, schema_path_for

SCHEMA = Schema((Column("age", Kind.INTEGER), Column("note", Kind.TEXT)))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "node.toml").write_text('site = "north"\nhub = "localhost:1"\nserver_name = "hub"\n', "utf-8")
    return tmp_path


def publish(home: Path, *options: str) -> tuple[int, str]:
    source = str(home / "visits.parquet")
    done = CliRunner().invoke(app, ["node", "publish", "visits", source, "--home", str(home), *options])
    return done.exit_code, f"{done.output}{done.exception}"


def test_the_records_are_not_read(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    save_schema(SCHEMA, schema_path_for(home / "visits.parquet"))  # and no such file beside it

    def read(_dataset: Dataset) -> None:
        raise AssertionError("the records were read")

    monkeypatch.setattr(Dataset, "load", read)
    code, said = publish(home, "--partitions", "64")
    assert code == 0, said
    assert "1 column: age" in said
    assert datasets(home)["visits"].partitions == 64


def test_what_is_missing_is_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, said = publish(home, "--partitions", "64")
    assert code != 0 and "no schema file" in said
    monkeypatch.setitem(sys.modules, "distributed", None)
    code, said = publish(home, "--partitions", "64")
    assert code != 0 and "cohortium[scale]" in said
    assert datasets(home) == {}


def test_the_number_has_a_range(home: Path) -> None:
    assert publish(home, "--partitions", "0")[0] != 0
