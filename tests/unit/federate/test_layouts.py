"""The partitions that a node keeps: laid out once, whole or not used, for the owner alone, and gone when not needed."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.unit.federate.in_turn import in_turn

from cohortium.errors import InvalidRequest, TargetUnwritable
from cohortium.federate.node import layouts as module
from cohortium.federate.node.datasets import Dataset, datasets, publish, unpublish
from cohortium.federate.node.holdings import Holdings
from cohortium.federate.node.in_partitions import InPartitions
from cohortium.federate.node.layouts import Layouts
from cohortium.records import Column, Kind, Role, Schema
from cohortium.sources import save_schema, schema_path_for

KEYED = Schema(
    (
        Column("person", Kind.IDENTIFIER, frozenset({Role.PERSON_KEY})),
        Column("age", Kind.INTEGER),
        Column("ward", Kind.CATEGORICAL),
        Column("letter", Kind.TEXT),
    )
)


def stored(folder: Path, schema: Schema = KEYED, rows: int = 200, seed: int = 0) -> Path:
    rng = np.random.default_rng(seed)
    columns = {
        "person": [f"P{k}" for k in rng.integers(0, 60, rows)],
        "age": rng.integers(18, 90, rows),
        "ward": rng.choice(["A", "B"], rows),
        "letter": ["Dear colleague"] * rows,
    }
    path = folder / "records.parquet"
    pq.write_table(pa.table(columns).select(list(schema.names)), path)
    save_schema(schema, schema_path_for(path))
    return path


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    return Dataset("ward", str(stored(tmp_path)), ("age", "ward"), partitions=4)


def places(home: Path) -> list[str]:
    return sorted(path.name for path in (home / "partitions").iterdir())


def test_a_dataset_is_laid_out_once_for_its_owner_alone(dataset: Dataset, tmp_path: Path) -> None:
    layouts = Layouts(tmp_path)
    whole, first = layouts.of(dataset)
    written = [path.stat().st_mtime_ns for path in first.paths]
    again = Layouts(tmp_path).of(dataset)[1]
    assert again == first
    assert [path.stat().st_mtime_ns for path in again.paths] == written
    assert (len(first), first.rows, first.levels["ward"]) == (4, 200, ("A", "B"))
    assert whole.names == KEYED.names
    for folder in (first.paths[0].parent, first.paths[0].parent.parent):
        assert folder.stat().st_mode & 0o077 == 0


def test_what_studies_may_not_read_does_not_lie_on_the_disk_twice(dataset: Dataset, tmp_path: Path) -> None:
    layouts = Layouts(tmp_path)
    assert layouts.of(dataset)[1].schema.names == ("person", "age", "ward")
    keyless = tmp_path / "keyless"
    keyless.mkdir()
    path = stored(keyless, KEYED.select(["age", "ward", "letter"]))
    rows = Dataset("rows", str(path), ("age",), partitions=2)
    assert layouts.of(rows)[1].schema.names == ("age", "ward", "letter"), "a person is who has such a row"


def test_changed_files_are_laid_out_anew_and_the_old_ones_stay_while_a_run_needs_them(
    dataset: Dataset, tmp_path: Path
) -> None:
    publish(tmp_path, dataset)
    holdings = Holdings(tmp_path, {}, in_turn)
    first = holdings.records(datasets(tmp_path)["ward"])
    assert isinstance(first, InPartitions)
    stored(tmp_path, rows=300, seed=1)
    second = holdings.records(datasets(tmp_path)["ward"])
    assert isinstance(second, InPartitions)
    assert (first.partitions.rows, second.partitions.rows) == (200, 300)
    holdings.sweep([first])
    assert len(places(tmp_path)) == 3, "two layouts, and the workers' folder"
    holdings.sweep([])
    assert not first.partitions.paths[0].exists()
    assert second.partitions.paths[0].exists()


def test_what_was_broken_off_is_not_used(dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed at any moment before the manifest is there, the layout is begun anew."""
    publish(tmp_path, dataset)
    layouts = Layouts(tmp_path)
    child = os.fork()
    if child == 0:
        monkeypatch.setattr(module, "_durably", lambda *_: os._exit(9))  # as kill -9 would, with all files written
        layouts.of(dataset)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert [name.startswith(".") for name in places(tmp_path)] == [True]
    assert len(list((tmp_path / "partitions").rglob("*.parquet"))) == 4
    layouts.sweep(datasets(tmp_path).values(), [])
    assert places(tmp_path) == []
    assert layouts.of(dataset)[1].rows == 200


def test_an_error_leaves_nothing(dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise TargetUnwritable("no space")

    monkeypatch.setattr(module, "_durably", full)
    with pytest.raises(TargetUnwritable):
        Layouts(tmp_path).of(dataset)
    assert places(tmp_path) == []


def test_unpublishing_removes_the_partitions(dataset: Dataset, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    publish(tmp_path, dataset)
    publish(tmp_path, Dataset("rows", str(stored(other)), partitions=2))
    for one in datasets(tmp_path).values():
        Layouts(tmp_path).of(one)
    unpublish(tmp_path, "ward")
    assert len(places(tmp_path)) == 1
    assert Layouts(tmp_path).of(datasets(tmp_path)["rows"])[1].rows == 200


def test_the_number_of_partitions_stands_in_the_file(dataset: Dataset, tmp_path: Path) -> None:
    publish(tmp_path, dataset)
    assert datasets(tmp_path)["ward"] == dataset
    path = tmp_path / "datasets.toml"
    for wrong in ("0", "5000", "true", '"many"', "1.5"):
        path.write_text(f'[ward]\nsource = "x.csv"\npartitions = {wrong}\n', "utf-8")
        with pytest.raises(InvalidRequest, match="from 1 to"):
            datasets(tmp_path)


def test_a_dataset_without_a_schema_file_is_not_guessed_at(tmp_path: Path) -> None:
    path = stored(tmp_path)
    schema_path_for(path).unlink()
    with pytest.raises(InvalidRequest, match="no schema file"):
        Dataset("ward", str(path), partitions=2).schema()


def test_a_folder_of_files_changes_with_each_of_them(tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    pq.write_table(pa.table({"age": [1, 2]}), folder / "a.parquet")
    save_schema(Schema((Column("age", Kind.INTEGER),)), schema_path_for(folder))
    dataset = Dataset("many", str(folder), partitions=2)
    before, layouts = dataset.stamp(), Layouts(tmp_path)
    assert layouts.of(dataset)[1].rows == 2
    pq.write_table(pa.table({"age": [1, 2, 3]}), folder / "b.parquet")
    assert dataset.stamp() != before
    assert layouts.of(dataset)[1].rows == 5
