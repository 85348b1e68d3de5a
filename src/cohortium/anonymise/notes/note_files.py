"""Notes from where they lie: a folder of text files, a column of a table, or JSON lines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cohortium.errors import InvalidRecords, InvalidRequest, SourceUnreadable
from cohortium.sources import read_raw
from cohortium.sources.address import Address
from cohortium.sources.text_encoding import chunks, found_encoding

_PATIENT = ("patient", "patient_id", "person_id", "subject_id", "mrn", "nhc", "ipp")
_TEXT = ("text", "note", "note_text", "texto", "texte", "testo", "tekst")
MOST_CHARACTERS = 5_000_000
"""Of one note; what is longer is hardly one note."""


@dataclass(frozen=True, slots=True)
class Note:
    """One note as it was read; ``name`` tells it apart within its source and never leaves."""

    name: str
    patient: str
    text: str


@dataclass(frozen=True, slots=True)
class Notes:
    """All notes of a source.

    form    : "folder", "table" or "lines", and so the form in which they leave.
    remarks : what a person should know of how they were read.
    """

    notes: tuple[Note, ...]
    form: str
    remarks: tuple[str, ...] = ()


def read_notes(source: Path, *, patient_column: str | None = None, text_column: str | None = None) -> Notes:
    """The notes at ``source``.

    In a folder, files of one subfolder are of one patient, and a file that lies in none is a patient of its own. In
    tables and JSON lines a column names the patient; without one, every note is a patient of its own.

    Raises : SourceUnreadable where a file is missing or no text; InvalidRecords where there is no note at all;
             InvalidRequest where it is not clear which column holds the text.
    """
    if source.is_dir():
        found = _folder(source)
    elif source.suffix.lower() in (".jsonl", ".ndjson"):
        found = Notes(tuple(_rows(_lines(source), source, patient_column, text_column)), "lines")
    elif source.suffix.lower() == ".txt" and source.is_file():
        found = _folder(source.parent, only=source)
    else:
        rows = read_raw(source).to_pylist()
        found = Notes(tuple(_rows(rows, source, patient_column, text_column)), "table")
    if not any(note.text.strip() for note in found.notes):
        raise InvalidRecords(f"{source} holds no note with text in it. Check the folder, or --text-column.")
    longest = max(len(note.text) for note in found.notes)
    if longest > MOST_CHARACTERS:
        raise InvalidRecords(
            f"{source} holds a note of {longest:,} characters; one may have {MOST_CHARACTERS:,}. Cut it into notes."
        )
    return found


def _folder(folder: Path, only: Path | None = None) -> Notes:
    notes, remarks = [], list[str]()
    paths = [only] if only else sorted(path for path in folder.rglob("*.txt") if path.is_file())
    if not paths:
        raise InvalidRecords(f"{folder} holds no .txt files. Notes may also come as CSV, Parquet or JSON lines.")
    for path in paths:
        place = path.relative_to(folder)
        text, remark = _text(path)
        patient = place.parts[0] if len(place.parts) > 1 else place.stem
        notes.append(Note(place.as_posix(), patient, text))
        if remark:
            remarks.append(remark)
    guessed = f"{len(remarks):,} of {len(paths):,} files are not in UTF-8; their encoding is a guess: check some names."
    return Notes(tuple(notes), "folder", (guessed,) if remarks else ())


def _text(path: Path) -> tuple[str, str | None]:
    if path.stat().st_size == 0:
        return "", None
    address = Address.of(path)
    encoding = found_encoding(address)
    try:
        return b"".join(chunks(address)).decode(encoding.name).removeprefix("\ufeff"), encoding.note
    except UnicodeDecodeError as error:
        raise SourceUnreadable(
            f"{path} begins like {encoding.name} and does not go on so. Save it once more, in UTF-8."
        ) from error


def _lines(source: Path) -> list[dict[str, Any]]:
    if not source.is_file():
        raise SourceUnreadable(f"There is no file {source}.")
    rows = []
    for number, line in enumerate(_text(source)[0].splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise SourceUnreadable(
                f"Line {number} of {source} is not JSON. Each line must be one object with the note's text."
            ) from error
        if not isinstance(row, dict):
            raise SourceUnreadable(f"Line {number} of {source} is not a JSON object with the note's text in it.")
        rows.append(row)
    return rows


def _rows(
    rows: list[dict[str, Any]], source: Path, patient_column: str | None, text_column: str | None
) -> Iterator[Note]:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    text = _column(text_column, _TEXT, columns, source, "--text-column")
    patient = _column(patient_column, _PATIENT, columns, source, "--patient-column", needed=False)
    if text is None:
        return
    for number, row in enumerate(rows, 1):
        value = row.get(text)
        if value is not None and not isinstance(value, str):
            raise InvalidRecords(f"Column '{text}' of {source} should hold text; row {number} holds something else.")
        person = row.get(patient) if patient else None
        yield Note(f"{number}", f"row {number}" if person is None or str(person) == "" else str(person), value or "")


def _column(
    chosen: str | None, usual: tuple[str, ...], columns: list[str], source: Path, option: str, *, needed: bool = True
) -> str | None:
    if chosen is not None:
        if chosen not in columns:
            raise InvalidRequest(f"{source} has no column '{chosen}'; it has {columns}.")
        return chosen
    found = next((name for name in columns if name.lower() in usual), None)
    if found is None and needed and columns:
        raise InvalidRequest(f"Which column of {source} holds the notes? Say {option}; there are {columns}.")
    return found
