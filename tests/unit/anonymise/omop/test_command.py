"""The command: what the gate lets out has nothing of the persons, the page and the evidence included."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.unit.anonymise.omop.cdm_made import SECRETS, cdm
from typer.testing import CliRunner

import cohortium.serve.anonymisation.omop  # noqa: F401 - registers the command
from cohortium.anonymise.pseudonyms import KeyRing
from cohortium.serve.anonymisation.app import anonymise_app
from cohortium.serve.options import REFUSED


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COHORTIUM_WORKSPACE", str(tmp_path / "workspace"))
    KeyRing.generate().save(tmp_path / "ring")
    return tmp_path


def call(workspace: Path, source: Path, *options: str) -> tuple[int, str]:
    words = ["omop", str(source), "--out", str(workspace / "out"), "--keys", str(workspace / "ring"), *options]
    result = CliRunner().invoke(anonymise_app, words)
    return result.exit_code, result.output


def test_what_leaves_is_whole_and_clean(workspace: Path) -> None:
    source = cdm(workspace / "zworykin")
    (source / "Ottoline_Zworykin.csv").write_text("a\n1\n")
    code, output = call(workspace, source)
    assert code == 0, output
    written = {path.name for path in (workspace / "out").iterdir()}
    assert {"person.parquet", "measurement.parquet", "report.html", "evidence.json", "SHA256SUMS"} <= written
    assert "note.parquet" not in written
    everything = b"".join(path.read_bytes() for path in (workspace / "out").iterdir()).lower()
    # "Mainz" and the like are looked for in the tables' cells, beside; five digits can stand in a digest.
    assert [secret for secret in SECRETS if not secret.isdecimal() and secret.encode() in everything] == []


def test_the_gate_keeps_in_what_a_careless_profile_leaves(workspace: Path) -> None:
    from importlib import resources

    text = resources.files("cohortium.anonymise.omop").joinpath("profiles/eu_research.toml").read_text("utf-8")
    (workspace / "p.toml").write_text(text.replace('name = "null"', 'name = "keep"'))
    code, output = call(workspace, cdm(workspace / "in"), "--profile", str(workspace / "p.toml"), "--json")
    assert code == REFUSED
    assert json.loads(output)["verdict"] == "refused"
    assert not (workspace / "out").exists()
