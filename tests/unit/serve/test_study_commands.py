"""What a researcher types, and what is said back; the hub is told, not run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Self

import pytest
from tests.unit.serve.conftest import OFFERED, table_file
from typer.testing import CliRunner

from cohortium.analyse import Describe, pooled
from cohortium.errors import CohortiumError, InvalidRequest
from cohortium.serve.federation import study_app
from cohortium.sources import read

WHY = "mainz: no legal basis"


class Hub:
    """What a hub answers about one run that stands at ``status``."""

    def __init__(self, status: str, results: dict[str, bytes] | None = None) -> None:
        self.status, self.results = status, results or {}
        self.run = {"run": "r1", "title": "Ages", "status": status, "said": WHY, "error": "PermitDenied"}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is kept open."""

    def submit(self, _study: dict[str, Any]) -> str:
        return "r1"

    def post(self, _path: str, _body: dict[str, Any]) -> dict[str, Any]:
        return self.run

    def get(self, path: str) -> Any:
        if path == "/runs":
            return []
        if path == "/status":
            return {"sites": {"mainz": "connected"}}
        return {**self.run, "study": OFFERED.to_plain(), "results": dict.fromkeys(self.results, "digest"), "events": []}

    def fetch(self, path: str) -> bytes:
        return self.results[path.rpartition("/")[2]]

    def watch(self, _run: str, said: Any) -> dict[str, Any]:
        refused = {"site": "mainz", "said": "refused", "reason": "no legal basis", "error": "PermitDenied"}
        said({"number": 1, "at": "noon", "what": "decision", **refused})
        said({"number": 2, "at": "noon", "what": self.status, "said": WHY, "error": "PermitDenied"})
        return self.run


def _told(monkeypatch: pytest.MonkeyPatch, hub: Hub) -> None:
    monkeypatch.setattr("cohortium.federate.client.HubClient.of", lambda _token: hub)


def _typed(*words: str) -> str:
    result = CliRunner().invoke(study_app, [*words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return " ".join(result.output.split())


def _study_file(folder: Path, more: str = "") -> str:
    path = folder / "study.toml"
    analysis = '[[analyses]]\nname = "who"\nalgorithm = "describe"\nvariables = ["age"]\n'
    path.write_text(f'title = "Ages"\ndataset = "anaemia"\nmode = "plain"\n{more}\n{analysis}', "utf-8")
    return str(path)


def test_tables_of_one_name_are_not_taken_for_one_site(tmp_path: Path) -> None:
    files = [str(table_file(tmp_path / site / "twin.csv", seed)) for seed, site in enumerate("abc")]
    command = ["rehearse", _study_file(tmp_path), *files]
    with pytest.raises(InvalidRequest, match=r"called 'twin'.*NAME=FILE"):
        CliRunner().invoke(study_app, command, catch_exceptions=False)
    named = [f"{site}={file}" for site, file in zip("abc", files, strict=True)]
    assert "600 persons" in _typed("rehearse", _study_file(tmp_path), *named)


def test_a_site_without_a_table_is_named(tmp_path: Path) -> None:
    command = ["rehearse", _study_file(tmp_path, 'sites = ["a", "mainz"]'), f"a={tmp_path / 'a.csv'}"]
    with pytest.raises(InvalidRequest, match="no table was given for mainz"):
        CliRunner().invoke(study_app, command, catch_exceptions=False)


def test_why_a_rehearsal_failed_is_said_without_classes(tmp_path: Path) -> None:
    path = Path(_study_file(tmp_path))
    path.write_text(path.read_text("utf-8").replace('["age"]', '["wage"]'), "utf-8")
    result = CliRunner().invoke(study_app, ["rehearse", str(path), str(table_file(tmp_path / "a.csv"))])
    assert isinstance(result.exception, CohortiumError)
    assert re.match(r"The rehearsal failed: (?!\w+: )", str(result.exception)) and "wage" in str(result.exception)


def test_what_cancel_did_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    _told(monkeypatch, Hub("waiting"))
    assert "r1 was asked to end" in _typed("cancel", "r1", "--token", "t")
    _told(monkeypatch, Hub("cancelled"))
    assert _typed("cancel", "r1", "--token", "t") == "Run r1 has ended: cancelled."


def test_a_list_without_studies_is_the_researchers_own(monkeypatch: pytest.MonkeyPatch) -> None:
    _told(monkeypatch, Hub("done"))
    assert _typed("list", "--token", "t") == "You have submitted no study. mainz: connected"


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("failed", "The run failed: mainz: no legal basis. It has no results."),
        ("cancelled", "The run was cancelled. It has no results."),
        ("running", "Run r1 is running, not done. Follow it: cohortium study watch r1"),
    ],
)
def test_a_run_without_results_writes_none(
    status: str, expected: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _told(monkeypatch, Hub(status))
    result = CliRunner().invoke(study_app, ["result", "r1", "--token", "t", "--out", str(tmp_path / "out")])
    assert isinstance(result.exception, CohortiumError) and str(result.exception) == expected
    assert "Written" not in result.output and not (tmp_path / "out").exists()


def test_what_was_computed_before_a_run_ended_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    answer = pooled(Describe(("age",)), read(table_file(tmp_path / "a.csv")))
    _told(monkeypatch, Hub("cancelled", {"who": answer.to_bytes()}))
    command = ["result", "r1", "--token", "t", "--out", str(tmp_path / "out")]
    with pytest.raises(CohortiumError, match=r"was cancelled\. What it had computed before, who, is in"):
        CliRunner().invoke(study_app, command, catch_exceptions=False)
    assert (tmp_path / "out" / "results.html").exists()


def test_why_a_run_failed_is_said_once_and_without_classes(monkeypatch: pytest.MonkeyPatch) -> None:
    _told(monkeypatch, Hub("failed"))
    result = CliRunner().invoke(study_app, ["watch", "r1", "--token", "t"])
    assert str(result.exception) == "The run failed: mainz: no legal basis."
    assert " ".join(result.output.split()) == "noon decision site mainz, said refused, reason no legal basis"
