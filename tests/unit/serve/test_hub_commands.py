"""What a hub's operator types."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.unit.serve.conftest import OFFERED
from typer.testing import CliRunner

from cohortium.federate.hub.store import FAILED, HubStore
from cohortium.serve.federation import hub_app

pytest.importorskip("nvflare", reason="the federation's packages are not installed")


@pytest.fixture
def hub(tmp_path: Path) -> Path:
    home = tmp_path / "hub"
    made = CliRunner().invoke(hub_app, ["init", "--home", str(home), "--federation", "Rare"], catch_exceptions=False)
    assert made.exit_code == 0
    return home


def test_a_fresh_process_reads_a_study_that_was_submitted(hub: Path) -> None:
    store = HubStore(hub / "hub.db")
    store.submit("r1", OFFERED, "ada/1")
    store.set_status("r1", FAILED, "PermitDenied: mainz: no legal basis")
    program = "from cohortium.serve.federation import hub_app; hub_app()"
    command = [sys.executable, "-c", program, "status", "--home", str(hub)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert "Ages in four" in ended.stdout and "PermitDenied" not in ended.stdout


def test_a_hub_says_that_it_begins(hub: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cohortium.serve.federation.hub.become", lambda _module, _folder: None)
    said = CliRunner().invoke(hub_app, ["start", "--home", str(hub)], catch_exceptions=False).output
    assert " ".join(said.split()) == (
        "Hub 'Rare' listens at https://localhost:8703, for nodes at port 8702; Ctrl+C ends it."
    )
