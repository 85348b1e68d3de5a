"""Images from the files of four hospitals to one network: folders of PNG, NumPy archives and Parquet, under masks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sklearn.datasets import load_digits
from sklearn.metrics import roc_auc_score
from typer.testing import CliRunner

from cohortium.analyse.neural import FittedNetwork
from cohortium.federate import read_study, rehearse, simulate
from cohortium.records import Column, Kind, Schema, Table
from cohortium.records.images import column_of_pixels
from cohortium.serve.federation.study import study_app
from cohortium.sources import read, save_schema, write_table

pytest.importorskip("torch", reason="the extra 'learning' is not installed")
Image = pytest.importorskip("PIL.Image", reason="the extra 'imaging' is not installed")

SCHEMA = Schema(
    (
        Column("scan", Kind.IMAGE, shape=(8, 8, 1)),
        Column("high", Kind.BOOLEAN),
        Column("age", Kind.INTEGER, unit="years", minimum=18.0, maximum=100.0),
    )
)
STUDY = """
title = "Which scans are high"
dataset = "scans"
mode = "secure"

[[analyses]]
name = "reader"
algorithm = "neural_network"
outcome = "high"
image = "scan"
covariates = ["age"]
filters = [4, 8]
hidden = [8]
rounds = 10
epochs = 5
batch = 16
learning_rate = 0.3
"""


SHORT = STUDY.replace("rounds = 10", "rounds = 1")


def _digits() -> tuple[Any, Any, Any]:
    """Handwritten digits as scans, those above four as findings, and ages that say nothing."""
    data: Any = load_digits()
    pixels = np.rint(data.images * (255 / 16)).astype(np.uint8)
    return pixels, data.target > 4, np.random.default_rng(0).integers(20, 90, len(pixels))


def _folder(home: Path, pixels: Any, high: Any, ages: Any) -> Path:
    """A table that names its pictures, which are four times as large as the network's."""
    (home / "png").mkdir(parents=True)
    lines = ["scan,high,age"]
    for place, (one, finding, age) in enumerate(zip(pixels, high, ages, strict=True)):
        Image.fromarray(np.kron(one, np.ones((4, 4), np.uint8))).save(home / "png" / f"{place}.png")
        lines.append(f"png/{place}.png,{'yes' if finding else 'no'},{age}")
    (home / "scans.csv").write_text("\n".join(lines))
    save_schema(SCHEMA, home / "scans.csv.schema.toml")
    return home / "scans.csv"


def _archive(home: Path, pixels: Any, high: Any, ages: Any) -> Path:
    home.mkdir()
    np.savez_compressed(home / "scans.npz", scan=pixels, high=high, age=ages)
    save_schema(SCHEMA, home / "scans.npz.schema.toml")
    return home / "scans.npz"


def _parquet(home: Path, pixels: Any, high: Any, ages: Any) -> Path:
    home.mkdir()
    columns = {"scan": column_of_pixels(pixels[:, :, :, None]), "high": pa.array(high), "age": pa.array(ages)}
    write_table(Table(pa.table(columns), SCHEMA), home / "scans.parquet")
    save_schema(SCHEMA, home / "scans.parquet.schema.toml")
    return home / "scans.parquet"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A file per hospital, and one of patients that no hospital has."""
    home = tmp_path_factory.mktemp("hospitals")
    parts = [np.arange(place, 1797, 12) for place in range(5)]
    makers = {"north": _folder, "south": _archive, "west": _parquet, "east": _folder, "unseen": _archive}
    return {
        site: make(home / site, *(values[part] for values in _digits()))
        for part, (site, make) in zip(parts, makers.items(), strict=True)
    }


def test_four_hospitals_train_one_reader_of_scans(files: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text(STUDY)
    study = read_study(tmp_path / "study.toml")
    tables = {site: read(path) for site, path in files.items()}
    unseen = tables.pop("unseen")
    answer = simulate(study, tables)["reader"]
    assert answer.persons == sum(len(table) for table in tables.values())
    chances = FittedNetwork.of(answer).predict(unseen)
    assert roc_auc_score(unseen.codes("high")[0], chances) > 0.9


def test_a_study_is_rehearsed_on_twins_that_have_no_images(files: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text(SHORT)
    twins = [f"{site}={tmp_path / site}.csv" for site in ("north", "south", "west")]
    for twin in twins:
        site, _, path = twin.partition("=")
        write_table(read(files[site]).select(["high", "age"]), path)
        save_schema(SCHEMA.select(["high", "age"]), f"{path}.schema.toml")
    command = ["rehearse", str(tmp_path / "study.toml"), *twins]
    done = CliRunner().invoke(study_app, [*command, "--image", "scan=8x8x1", "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    record = json.loads((tmp_path / "out" / "record.json").read_text())
    assert record["rehearsal"]
    without = CliRunner().invoke(study_app, command)
    assert "'scan'" in str(without.exception)
    wrong = CliRunner().invoke(study_app, [*command, "--image", "scan=8x8"])
    assert "scan=28x28x1" in str(wrong.exception)


def test_a_rehearsal_makes_noise_for_the_twins_alone_that_have_no_images(
    files: dict[str, Path], tmp_path: Path
) -> None:
    table = read(files["south"])
    twins = {"a": table, "b": table.select(["high", "age"]), "c": table.select(["high", "age"])}
    (tmp_path / "study.toml").write_text(SHORT)
    study = read_study(tmp_path / "study.toml")
    answer = rehearse(study, twins, images={"scan": (8, 8, 1)})["reader"]
    assert answer.facts["shape"] == [8, 8, 1]
    assert answer.persons == 3 * len(table)
