"""A view as a file: what leaves holds nothing that the policy hides, and what should not leave stays."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import cohortium.serve.anonymisation.view  # noqa: F401 - registers the command
from cohortium.anonymise.pseudonyms import KeyRing
from cohortium.serve.anonymisation import anonymise_app
from cohortium.serve.options import REFUSED

ROWS = 120
POLICY = """
title = "Visits"
[labels]
patient = "person"
age = "demographic"
ward = "place"
[[view]]
purpose = "research"
shows = {person = "pseudonym", demographic = "band:10"}
[[view]]
purpose = "care"
shows = {person = "exact", demographic = "exact", place = "exact"}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COHORTIUM_WORKSPACE", str(tmp_path / "workspace"))
    rows = "".join(f"HOSP{one:04d},{20 + one % 60},WARD{one % 5}\n" for one in range(ROWS))
    (tmp_path / "visits.csv").write_text("patient,age,ward\n" + rows)
    (tmp_path / "views.toml").write_text(POLICY)
    KeyRing.generate().save(tmp_path / "keys.json")
    return tmp_path


def run(folder: Path, role: str, purpose: str, out: str, *more: str) -> tuple[int, dict[str, object]]:
    words = ["view", str(folder / "visits.csv"), "--person", "patient", "--attributes", str(folder / "views.toml"),
             "--role", role, "--purpose", purpose, "--keys", str(folder / "keys.json"), "--out", str(folder / out),
             "--json", *more]  # fmt: skip
    done = CliRunner().invoke(anonymise_app, words, catch_exceptions=False)
    return done.exit_code, json.loads(done.stdout)


def test_what_is_hidden_is_in_no_file_that_leaves(folder: Path) -> None:
    code, result = run(folder, "analyst", "research", "out")
    assert code == 0 and result["verdict"] == "released"
    every = b"".join(path.read_bytes() for path in (folder / "out").iterdir())
    assert b"HOSP" not in every and b"WARD" not in every
    assert len((folder / "out" / "table.csv").read_text().splitlines()) == ROWS + 1


def test_the_order_of_the_rows_does_not_tell_who_they_are(folder: Path) -> None:
    run(folder, "analyst", "research", "out")
    ring = KeyRing.load(folder / "keys.json")
    told = [line.split(",")[0].strip('"') for line in (folder / "out" / "table.csv").read_text().splitlines()[1:]]
    true = [ring.pseudonym("patient", f"HOSP{one:04d}") for one in range(ROWS)]
    assert sorted(told) == sorted(true) and told != true


def test_a_copy_with_identifiers_stays_in_unless_somebody_answers_for_it(folder: Path) -> None:
    code, result = run(folder, "nurse", "care", "out")
    assert code == REFUSED and result["verdict"] == "refused" and not (folder / "out").exists()
    code, result = run(folder, "nurse", "care", "out", "--override", "transfer to the new ward, order 12")
    assert code == 0 and result["verdict"] == "released by override"
    journal = [json.loads(line) for line in (folder / "workspace" / "releases.jsonl").read_text().splitlines()]
    assert [entry["override"] for entry in journal] == ["", "transfer to the new ward, order 12"]
    assert "HOSP" not in str(journal)
