"""Persons who opted out are in no study, from the moment that the file names them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

pytest.importorskip("nvflare", reason="the federation's packages are not installed")

from cohortium.errors import InvalidRequest, SourceUnreadable
from cohortium.federate.node.datasets import Dataset, datasets, publish
from cohortium.federate.node.holdings import Holdings

SCHEMA = """
[[column]]
name = "patient"
kind = "identifier"
roles = ["person_key"]
[[column]]
name = "age"
kind = "integer"
"""


@pytest.fixture
def published(tmp_path: Path) -> tuple[Dataset, Path]:
    rows = [f"p{number % 20},{30 + number}" for number in range(40)]
    (tmp_path / "visits.csv").write_text("\n".join(["patient,age", *rows]), "utf-8")
    (tmp_path / "visits.csv.schema.toml").write_text(SCHEMA, "utf-8")
    out = tmp_path / "opted-out.txt"
    out.write_text("p3\n\n p4 \nnobody\n", "utf-8")
    dataset = Dataset("visits", str(tmp_path / "visits.csv"), permit=True, opt_outs=str(out))
    publish(tmp_path, dataset)
    return datasets(tmp_path)["visits"], out


def patients(holdings: Holdings, dataset: Dataset) -> set[str]:
    return set(holdings.records(dataset).table.arrow["patient"].to_pylist())  # type: ignore[attr-defined]


def test_every_row_of_theirs_is_left_out(published: tuple[Dataset, Path], tmp_path: Path) -> None:
    dataset, _ = published
    assert dataset.permit
    found = dataset.load()
    assert len(found) == 36
    assert not {"p3", "p4"} & set(found.arrow["patient"].to_pylist())


def test_a_file_that_grows_counts_from_the_next_run_on(published: tuple[Dataset, Path], tmp_path: Path) -> None:
    dataset, out = published
    holdings = Holdings(tmp_path, {})
    assert "p5" in patients(holdings, dataset)
    out.write_text("p3\np4\np5\n", "utf-8")
    os.utime(out, ns=(1, 1))
    assert "p5" not in patients(holdings, dataset)


def test_without_the_file_nothing_runs(published: tuple[Dataset, Path]) -> None:
    dataset, out = published
    out.unlink()
    with pytest.raises(SourceUnreadable, match="opted out"):
        dataset.load()


def test_without_a_person_key_nothing_runs(published: tuple[Dataset, Path], tmp_path: Path) -> None:
    dataset, _ = published
    (tmp_path / "visits.csv.schema.toml").write_text(SCHEMA.replace('roles = ["person_key"]', ""), "utf-8")
    with pytest.raises(InvalidRequest, match="no person key"):
        dataset.load()


def test_partitions_and_opt_outs_do_not_go_together(tmp_path: Path) -> None:
    (tmp_path / "datasets.toml").write_text('[visits]\nsource = "x"\npartitions = 2\nopt_outs = "y"\n', "utf-8")
    with pytest.raises(InvalidRequest, match="partitions"):
        datasets(tmp_path)
