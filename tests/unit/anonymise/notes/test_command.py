"""The whole way, attacked: nothing that the record knows may stand in any file that leaves."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

import cohortium.serve.anonymisation.notes  # noqa: F401 - registers the commands
from cohortium.anonymise.notes import digest_of, shipped
from cohortium.anonymise.notes.folding import folded
from cohortium.anonymise.notes.training.written_notes import NoteWriter, templates
from cohortium.anonymise.notes.vocabulary import Type
from cohortium.anonymise.pseudonyms import KeyRing
from cohortium.errors import CohortiumError
from cohortium.privacy.policy import load_policy
from cohortium.serve.anonymisation import anonymise_app

COUNT = 12


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COHORTIUM_WORKSPACE", str(tmp_path / "inside"))
    KeyRing.generate().save(tmp_path / "keys.json")
    writer = NoteWriter("en", np.random.default_rng(3), templates("en").part(held_out=False))
    notes, known = [], []
    for number in range(COUNT):
        note = writer.note()
        name = writer.people["patient"]
        numbers = [note.text[a:b] for a, b, kind in note.marks if kind in (Type.PATIENT_ID, Type.PHONE)]
        notes.append((f"P{number // 2:03d}", f"{note.text}\nBP 132/84. Crohn's disease."))
        known.append((f"P{number // 2:03d}", name.given, name.surname, numbers[0] if numbers else ""))
    for file, heading, rows in (
        ("notes.csv", ("patient_id", "text"), notes),
        ("known.csv", ("patient_id", "given_name", "surname", "record_number"), known),
    ):
        with (tmp_path / file).open("w", encoding="utf-8", newline="") as stream:
            writer_of = csv.writer(stream)
            writer_of.writerow(heading)
            writer_of.writerows(rows)
    return tmp_path


def run(*words: str | Path) -> tuple[int, dict[str, object]]:
    done = CliRunner().invoke(anonymise_app, ["notes", *map(str, words), "--json"])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, json.loads(done.stdout[done.stdout.index("{") :])


def usual(place: Path, source: str = "notes.csv") -> list[str | Path]:
    return [place / source, "--out", place / "out", "--keys", place / "keys.json", "--language", "en"]


def secrets(place: Path) -> set[str]:
    with (place / "known.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    words = {word for row in rows for word in re.findall(r"[^\W\d_]{4,}", f"{row['given_name']} {row['surname']}")}
    return {folded(word) for word in words} | {row["record_number"] for row in rows if len(row["record_number"]) > 5}


def test_nothing_known_leaves_in_any_file(place: Path) -> None:
    code, result = run(*usual(place), "--known", place / "known.csv")
    assert (code, result["verdict"]) == (0, "released")
    table = pq.read_table(place / "out" / "table.parquet").to_pylist()
    assert len(table) == COUNT
    assert len({row["patient"] for row in table}) == COUNT // 2
    assert all("132/84" in row["text"] and "Crohn" in row["text"] for row in table)
    for path in (place / "out").rglob("*"):
        plain = folded(path.read_bytes().decode("utf-8", "replace"))
        left = [one for one in secrets(place) if re.search(rf"(?<!\w){re.escape(folded(one))}(?!\w)", plain)]
        assert not left, path.name
        assert "p001" not in plain


def test_a_leak_is_refused(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from cohortium.anonymise.notes.surrogates.names import NameSurrogates

    monkeypatch.setattr(NameSurrogates, "of", lambda _self, name: name)
    code, result = run(*usual(place), "--known", place / "known.csv")
    assert (code, result["verdict"]) == (3, "refused")
    assert not (place / "out").exists()
    assert "Known identifiers left" in str(result["reasons"])


def test_without_the_record_the_page_says_so(place: Path) -> None:
    code, result = run(*usual(place))
    assert code == 0
    assert "whose patient the record knows" in str(result["limits"])


def test_a_folder_leaves_under_pseudonyms(place: Path) -> None:
    (place / "in" / "Heather Doyle").mkdir(parents=True)
    for number in (1, 2):
        (place / "in" / "Heather Doyle" / f"{number}.txt").write_text("Seen by Dr. Whitfield on 26 May 2022.", "utf-8")
    code, _ = run(*usual(place, "in"), "--mode", "mask")
    assert code == 0
    texts = sorted(path for path in (place / "out").glob("*.txt") if "-" in path.name)
    assert len(texts) == 2
    assert not re.search("heather|doyle", "".join(path.name for path in (place / "out").iterdir()), re.IGNORECASE)
    assert texts[0].read_text("utf-8") == "Seen by Dr. [NAME] on [DATE]."
    assert (place / "out" / "SHA256SUMS").exists()


def test_decisions_of_people_are_followed(place: Path) -> None:
    (place / "n.jsonl").write_text(json.dumps({"text": "The florbel grunt, seen 26 May 2022."}), "utf-8")
    rows = [{"text": digest_of("The florbel grunt, seen 26 May 2022."), "start": 4, "end": 11, "identifies": True}]
    (place / "decisions.json").write_text(json.dumps({"decisions": rows}), "utf-8")
    code, _ = run(*usual(place, "n.jsonl"))
    assert code == 0
    assert "florbel" in (place / "out" / "notes.jsonl").read_text("utf-8")
    again = [place / "again" if word == place / "out" else word for word in usual(place, "n.jsonl")]
    code, _ = run(*again, "--decisions", place / "decisions.json")
    assert code == 0
    assert "florbel" not in (place / "again" / "notes.jsonl").read_text("utf-8")


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        (["--mode", "shout"], "--mode"),
        (["--also", "names"], "--also"),
        (["--text-column", "nothing"], "nothing"),
        (["--decisions", "none.json"], "review page"),
        (["--tagger", "none.npz"], "cannot be read"),
    ],
)
def test_what_cannot_be_understood_is_named_and_leaves_nothing(extra: list[str], message: str, place: Path) -> None:
    with pytest.raises(CohortiumError, match=message):
        run(*usual(place), *extra)
    assert not (place / "out").exists()


def test_the_policy_names_only_rows_that_the_evidence_has() -> None:
    metrics = {rule.metric for rule in load_policy(shipped="notes").rules}
    assert metrics == {
        "known_identifiers_left",
        "finder_recall",
        "notes_of_known_patients",
        "doubts_unreviewed",
        "characters_changed",
    }
    assert shipped("en").weights.tried_on
