from __future__ import annotations

import json
from pathlib import Path

import pytest

from cohortium.anonymise.notes import read_notes
from cohortium.errors import InvalidRecords, InvalidRequest, SourceUnreadable


def test_a_folder_gives_notes_by_patient(tmp_path: Path) -> None:
    (tmp_path / "ana").mkdir()
    (tmp_path / "ana" / "1.txt").write_text("one", "utf-8")
    (tmp_path / "ana" / "2.txt").write_bytes("señor Muñoz, año, mañana, corazón".encode("cp1252"))
    (tmp_path / "luis.txt").write_text("\ufefftwo", "utf-8")
    (tmp_path / "empty.txt").write_text("")
    found = read_notes(tmp_path)
    assert [(note.name, note.patient, note.text) for note in found.notes] == [
        ("ana/1.txt", "ana", "one"),
        ("ana/2.txt", "ana", "señor Muñoz, año, mañana, corazón"),
        ("empty.txt", "empty", ""),
        ("luis.txt", "luis", "two"),
    ]
    assert found.form == "folder"
    assert "1 of 4" in found.remarks[0]


def test_tables_and_json_lines_give_the_same(tmp_path: Path) -> None:
    (tmp_path / "n.csv").write_text("mrn,note\n7,hello\n7,world\n,alone\n", "utf-8")
    rows = [{"mrn": 7, "note": "hello"}, {"mrn": 7, "note": "world"}, {"mrn": None, "note": "alone"}]
    (tmp_path / "n.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    one, other = read_notes(tmp_path / "n.csv"), read_notes(tmp_path / "n.jsonl")
    assert one.notes == other.notes
    assert [note.patient for note in one.notes] == ["7", "7", "row 3"]
    assert (one.form, other.form) == ("table", "lines")


@pytest.mark.parametrize(
    ("name", "data", "error", "message"),
    [
        ("a.txt", b"%PDF-1.7 x", SourceUnreadable, "PDF"),
        ("a.txt", b"\x00\x01\x02\x03", SourceUnreadable, "zero bytes"),
        ("a.txt", b"  \n ", InvalidRecords, "no note"),
        ("a.csv", b"id,words\n1,hello\n", InvalidRequest, "--text-column"),
        ("a.jsonl", b'{"text": "x"}\n{"text"', SourceUnreadable, "Line 2"),
        ("a.jsonl", b'["x"]', SourceUnreadable, "Line 1"),
        ("a.jsonl", b'{"text": 5}', InvalidRecords, "row 1"),
    ],
)
def test_bad_input_is_named(name: str, data: bytes, error: type[Exception], message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(error, match=message):
        read_notes(tmp_path / name)


def test_missing_and_empty_places_are_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidRecords, match=r"no \.txt"):
        read_notes(tmp_path)
    with pytest.raises(SourceUnreadable, match="no file"):
        read_notes(tmp_path / "none.jsonl")
    (tmp_path / "a.csv").write_text("text\nx\n")
    with pytest.raises(InvalidRequest, match="no column 'who'"):
        read_notes(tmp_path / "a.csv", patient_column="who")
