"""A node and a hub as folders, each with one study, for the commands that read them; no process runs."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.csv as arrow_csv
import pytest
from tests.conformance.examples.example import patients

from cohortium.analyse import Describe
from cohortium.federate import Analysis, Study
from cohortium.federate.node.datasets import Dataset, publish
from cohortium.federate.node.store import NodeStore
from cohortium.sources import save_schema, schema_path_for

OFFERED = Study("Ages in four", "anaemia", (Analysis("who", Describe(("age",))),), researcher="ada")


def table_file(path: Path, seed: int = 0) -> Path:
    """Made patients as a CSV file with its schema beside it."""
    table = patients(200, seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    arrow_csv.write_csv(table.arrow, path)
    save_schema(table.schema, schema_path_for(path))
    return path


@pytest.fixture
def node(tmp_path: Path) -> Path:
    """The folder of an enrolled node that publishes ``anaemia`` and was offered one study."""
    home = tmp_path / "a node"
    home.mkdir()
    settings = {"site": "mainz", "hub": "hub.example.org:8702", "server_name": "hub"}
    (home / "node.toml").write_text("".join(f"{name} = {json.dumps(text)}\n" for name, text in settings.items()))
    publish(home, Dataset("anaemia", str(table_file(tmp_path / "patients.csv"))))
    NodeStore(home / "node.db").receive(OFFERED, ("describe",))
    return home
