"""The command from end to end: files, evidence, page and digests leave, or nothing does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydicom.dataset import Dataset
from tests.unit.anonymise.dicom.planting import WORDS, plant, write
from tests.unit.anonymise.dicom.test_attacks import leaks
from typer.testing import CliRunner

import cohortium.serve.anonymisation.dicom  # noqa: F401 - registers the command
from cohortium.anonymise.pseudonyms import KeyRing
from cohortium.serve.anonymisation import anonymise_app
from cohortium.serve.options import REFUSED


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small_ct: Dataset) -> Path:
    monkeypatch.setenv("COHORTIUM_WORKSPACE", str(tmp_path / "workspace"))
    KeyRing.generate().save(tmp_path / "keys.json")
    (tmp_path / "in").mkdir()
    plant(small_ct)
    write(small_ct, tmp_path / "in" / "Wetherby.dcm")
    return tmp_path


def run(folder: Path, *more: str) -> tuple[int, str]:
    arguments = ["dicom", str(folder / "in"), "--keys", str(folder / "keys.json"), "--out", str(folder / "out"), *more]
    result = CliRunner().invoke(anonymise_app, arguments)
    return result.exit_code, result.stdout


def test_files_leave_with_page_evidence_and_digests_and_no_person(folder: Path) -> None:
    code, said = run(folder, "--json")
    assert code == 0
    assert json.loads(said)["measured"]["seeded_words_left"] == 0
    names = {path.name for path in (folder / "out").iterdir()}
    assert {"report.html", "evidence.json", "SHA256SUMS"} < names
    assert leaks(folder / "out") == []
    page = (folder / "out" / "report.html").read_text()
    assert "PatientName" in page
    assert not [word for word in WORDS if word in page.lower()]
    journal = (folder / "workspace" / "releases.jsonl").read_text().lower()
    assert not [word for word in WORDS if word in journal]


def test_what_fails_a_rule_stays_in_unless_somebody_answers_for_it(folder: Path, small_ct: Dataset) -> None:
    small_ct.BurnedInAnnotation = "YES"
    write(small_ct, folder / "in" / "second.dcm")
    code, said = run(folder, "--profile", "strict")
    assert code == REFUSED
    assert "could not be read" in said
    assert not (folder / "out").exists()
    code, _ = run(folder, "--profile", "strict", "--override", "phantoms only")
    assert code == 0
    assert "phantoms only" in (folder / "out" / "evidence.json").read_text()


def test_nothing_is_left_where_a_file_is_damaged(folder: Path) -> None:
    data = (folder / "in" / "Wetherby.dcm").read_bytes()
    (folder / "in" / "second.dcm").write_bytes(data[:20_000])
    result = CliRunner().invoke(anonymise_app, ["dicom", str(folder / "in"), "--keys", str(folder / "keys.json"),
                                                "--out", str(folder / "out")])  # fmt: skip
    assert result.exit_code != 0
    assert "File 2 of 2" in str(result.exception)
    assert not (folder / "out").exists()
    assert list((folder / "workspace" / "runs").iterdir()) == []


def test_a_record_is_searched_for(folder: Path, small_ct: Dataset) -> None:
    small_ct.PatientID, small_ct.StudyDescription = "P-9", "with Hortensia"
    write(small_ct, folder / "in" / "second.dcm")
    (folder / "record.csv").write_text("number,relative\nP-9,Hortensia Blomqvist\n")
    code, _ = run(folder, "--record", str(folder / "record.csv"))
    assert code == 0
    assert not [path for path in (folder / "out").rglob("*.dcm") if b"hortensia" in path.read_bytes().lower()]
