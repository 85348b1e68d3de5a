"""A release without a hub has a receipt too: it holds for every file, and stops holding when one changes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

pytest.importorskip("rfc8785", reason="the extra 'govern' is not installed")

import cohortium.serve.anonymisation  # noqa: F401 - registers the commands
from cohortium.errors import InvalidRequest
from cohortium.govern.receipts import verify_receipt
from cohortium.serve import proof
from cohortium.serve.anonymisation.app import anonymise_app
from cohortium.serve.ledger import ledger_app, ledger_at


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COHORTIUM_WORKSPACE", str(tmp_path / "workspace"))
    rows = [f"{'MF'[number % 2]},{20 + number % 40}" for number in range(400)]
    (tmp_path / "rows.csv").write_text("\n".join(["sex,age", *rows]), "utf-8")
    return tmp_path


def release(folder: Path, name: str = "out", k: int = 5) -> str:
    words = [
        "table",
        str(folder / "rows.csv"),
        "--out",
        str(folder / name),
        "--quasi-identifiers",
        "sex,age",
        "-k",
        str(k),
    ]
    result = CliRunner().invoke(anonymise_app, words)
    assert result.exit_code == 0, result.output
    return result.output


def wrong(folder: Path) -> list[str]:
    checks = verify_receipt((folder / "receipt.json").read_text("utf-8"), files=folder)
    return [one.name for one in checks if one.holds is False]


def test_the_receipt_is_for_every_file(folder: Path) -> None:
    assert "Receipt:" in release(folder)
    assert wrong(folder / "out") == []
    for path in sorted((folder / "out").iterdir()):
        if path.name == "receipt.json":
            continue
        changed = folder / "changed"
        shutil.rmtree(changed, ignore_errors=True)
        shutil.copytree(folder / "out", changed)
        (changed / path.name).write_bytes(path.read_bytes() + b" ")
        assert wrong(changed) == ["results"], path.name
        (changed / path.name).unlink()
        assert wrong(changed) == ["results"], path.name


def test_decisions_and_releases_are_in_one_ledger(folder: Path) -> None:
    release(folder)
    release(folder, "again", 8)
    found = CliRunner().invoke(ledger_app, ["show", "--json"])
    told = json.loads(found.output)
    assert [one["event"] for one in told["events"]] == ["journal", "result released"] * 2
    assert wrong(folder / "again") == []


def test_without_the_packages_it_says_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proof, "is_possible", lambda: False)
    assert "No receipt was made" in release(folder)
    assert not (folder / "out" / "receipt.json").exists()
    with pytest.raises(InvalidRequest, match="Nothing was released"):
        ledger_at(None)
