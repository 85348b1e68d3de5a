"""The command: what the gate lets out has nothing of the patient, the page and the evidence included."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.unit.anonymise.fhir.people_made import SECRETS, bulk, bundle
from typer.testing import CliRunner

import cohortium.serve.anonymisation.fhir  # noqa: F401 - registers the command
from cohortium.anonymise.pseudonyms import KeyRing
from cohortium.serve.anonymisation.app import anonymise_app
from cohortium.serve.options import REFUSED


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COHORTIUM_WORKSPACE", str(tmp_path / "workspace"))
    KeyRing.generate().save(tmp_path / "ring")
    return tmp_path


def call(workspace: Path, source: Path, *options: str) -> tuple[int, str]:
    words = ["fhir", str(source), "--out", str(workspace / "out"), "--keys", str(workspace / "ring"), *options]
    result = CliRunner().invoke(anonymise_app, words)
    return result.exit_code, result.output


def test_what_leaves_is_whole_and_clean(workspace: Path) -> None:
    source = workspace / "Zworykin_Ottoline.json"
    source.write_text(json.dumps({**bundle(), "Quillfeather": 1}))
    code, output = call(workspace, source)
    assert code == 0, output
    written = {path.name for path in (workspace / "out").iterdir()}
    assert written == {"records-00001.json", "report.html", "evidence.json", "SHA256SUMS", "receipt.json"}
    everything = b"".join(path.read_bytes() for path in (workspace / "out").iterdir()).lower()
    assert [secret for secret in SECRETS if secret.lower().encode() in everything] == []


def test_the_gate_keeps_in_what_a_careless_configuration_leaves(workspace: Path) -> None:
    (workspace / "keep.json").write_text(json.dumps({"fhirPathRules": [{"path": "Resource", "method": "keep"}]}))
    source = bulk(workspace / "in")
    code, output = call(workspace, source, "--profile", str(workspace / "keep.json"), "--json")
    assert code == REFUSED
    assert json.loads(output)["verdict"] == "refused"
    assert not (workspace / "out").exists()
    options = ("--profile", str(workspace / "keep.json"), "--override", "board 12/26")
    assert call(workspace, source, *options)[0] == 0
