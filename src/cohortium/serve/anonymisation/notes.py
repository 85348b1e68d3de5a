"""``cohortium anonymise notes``: clinical notes without what may identify someone, through the gate."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cohortium.errors import InvalidRequest
from cohortium.serve.anonymisation.app import anonymise_app
from cohortium.serve.options import REFUSED, AsJson, Keys, Out, Override, PolicyFile, show
from cohortium.serve.reporter import Reporter

if TYPE_CHECKING:
    from cohortium.anonymise.notes import KnownPatients, Note, NoteResult, Notes, Replacing
    from cohortium.anonymise.pseudonyms import KeyRing
    from cohortium.privacy.release import Decision
    from cohortium.records import Evidence, Table

SOURCE = "clinical notes"
"""How the journal names the source, since the name of a file may tell who the patient is."""


@anonymise_app.command("notes")
def anonymise_notes(
    source: Annotated[Path, typer.Argument(help="Folder of .txt files, or CSV, Parquet or JSON lines with the notes.")],
    out: Out,
    keys: Keys,
    language: Annotated[str, typer.Option(help="Language of the notes: en, es, de, fr, it, nl.")],
    patient_column: Annotated[str | None, typer.Option(help="Column that says whose note it is.")] = None,
    text_column: Annotated[str | None, typer.Option(help="Column that holds the note.")] = None,
    known: Annotated[
        Path | None,
        typer.Option(help="Table of what the record knows of each patient: names, numbers, dates, addresses."),
    ] = None,
    mode: Annotated[
        str, typer.Option(help="surrogate: something like it; mask: [NAME]; redact: a black bar.")
    ] = "surrogate",
    also: Annotated[
        list[str] | None,
        typer.Option(help="Replace this too, though it stays by default: country, relative, sex, other."),
    ] = None,
    decisions: Annotated[
        Path | None, typer.Option(help="What people decided on the review page of an earlier run.")
    ] = None,
    tagger: Annotated[Path | None, typer.Option(help="A tagger of your own, from 'train-tagger'.")] = None,
    policy: PolicyFile = None,
    override: Override = None,
    as_json: AsJson = False,
) -> None:
    """Replace what identifies people in clinical notes, and let the notes out if the policy agrees."""
    from cohortium.anonymise.notes import Decisions, account_of, anonymised, evidence_of, finder, read_notes, tagger_at
    from cohortium.anonymise.pseudonyms import KeyRing
    from cohortium.privacy.policy import load_policy
    from cohortium.privacy.released_folder import must_be_free
    from cohortium.serve.anonymisation.notes_page import notes_page
    from cohortium.serve.anonymisation.notes_review import review_page
    from cohortium.serve.workspace import Workspace

    rules = load_policy(policy, shipped="notes")
    must_be_free(out)
    finds = finder(language, tagger_at(tagger, language) if tagger else None)
    replaces = _replacing(language, KeyRing.load(keys), mode, also or [])
    decided = Decisions.load(decisions) if decisions else None
    with Reporter(quiet=as_json) as reporter:
        found = read_notes(source, patient_column=patient_column, text_column=text_column)
        for remark in found.remarks:
            reporter.say(remark)
        patients = _known(known, patient_column, language) if known else None
        results = anonymised(found.notes, finds, replaces, patients, decided, progress=reporter)
    run = Workspace().new_run("notes")
    account = account_of(found.notes, results, patients, decided)
    (run / "review.html").write_text(review_page(found.notes, results), "utf-8")
    facts = {"mode": mode, "form": found.form}
    evidence = evidence_of(account, finds.tagger.weights, facts, has_known=patients is not None)

    def page(evidence: Evidence, decision: Decision) -> str:
        return notes_page(evidence, decision, account, patients, mode)

    result = _let_out(found, results, replaces.keys, evidence, rules, out, run, page, override or "")
    result["review"] = str(run / "review.html")
    result["lines"].append(
        f"For people inside: {account.doubts:,} doubtful places on the review page {run / 'review.html'}."
    )
    show(result, as_json)
    if result["verdict"] == "refused":
        raise typer.Exit(REFUSED)


@anonymise_app.command("train-tagger")
def train_tagger(
    language: Annotated[str, typer.Argument(help="Language: en, es, de, fr, it, nl.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="File for the tagger (.npz); it must not exist yet.")],
    corpora: Annotated[
        Path | None, typer.Option(help="Folder of the open corpora that en, es and fr learn from.")
    ] = None,
    notes: Annotated[
        Path | None,
        typer.Option(help="Your own annotated notes instead (JSON lines of text and spans); a fifth is kept out."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Same seed and notes, same tagger to the byte.")] = 7,
) -> None:
    """Train the tagger that finds what the rules do not, and try it on notes kept out of training."""
    from cohortium.anonymise.notes.training.train import trained
    from cohortium.sources.atomic import written_whole

    if out.exists():
        raise InvalidRequest(f"{out} exists. Choose another --out, or remove it first.")
    with Reporter() as reporter:
        weights = trained(language, corpora, notes, seed, progress=reporter)
        with written_whole(out) as unfinished:
            unfinished.write_bytes(weights.to_bytes())
    held = weights.held_out
    typer.echo(
        f"{out}: on {weights.tried_on}, {held['covered']:.1%} of {held['marks']:,.0f} marks are covered; spans of "
        f"exact bounds and type: precision {held['precision']:.3f}, recall {held['recall']:.3f}, F1 {held['f1']:.3f}."
    )


def _replacing(language: str, ring: KeyRing, mode: str, also: Sequence[str]) -> Replacing:
    from cohortium.anonymise.notes import KEPT, MODES, Replacing

    if mode not in MODES:
        raise InvalidRequest(f"--mode is one of {', '.join(MODES)}, not '{mode}'.")
    names = {str(kind): kind for kind in KEPT}
    unknown = sorted(set(also) - set(names))
    if unknown:
        raise InvalidRequest(f"--also knows {sorted(names)}; not {unknown}.")
    return Replacing(language, ring, mode, KEPT - {names[name] for name in also})


def _known(path: Path, patient_column: str | None, language: str) -> KnownPatients:
    from cohortium.anonymise.notes import known_patients
    from cohortium.sources import read_raw

    rows = read_raw(path).to_pylist()
    columns = list(rows[0]) if rows else []
    usual = ("patient", "patient_id", "person_id", "subject_id", "mrn", "nhc", "ipp")
    names = [name for name in columns if name == patient_column or name.lower() in usual]
    return known_patients(rows, (names or columns or [""])[0], language)


def _let_out(
    found: Notes,
    results: Sequence[NoteResult],
    ring: KeyRing,
    evidence: Evidence,
    rules: Any,
    out: Path,
    run: Path,
    page: Any,
    override: str,
) -> dict[str, Any]:
    from cohortium.serve.anonymisation.leaving import let_files_out, let_table_out

    said = {"source": SOURCE, "override": override}
    if found.form == "table":
        table = _table(found.notes, results, ring)
        told = replace(evidence, facts={**evidence.facts, "rows_released": len(table)})
        return let_table_out(table, told, rules, out, run, page, **said)
    files = run / "files"
    files.mkdir()
    count = _write(files, found, results, ring)
    told = replace(evidence, facts={**evidence.facts, "files": count})
    return let_files_out(files, told, rules, out, run, page, **said)


def _table(notes: Sequence[Note], results: Sequence[NoteResult], ring: KeyRing) -> Table:
    import pyarrow as pa

    from cohortium.records import Column, Kind, Role, Schema, Table

    columns = (Column("patient", Kind.IDENTIFIER, roles=frozenset({Role.PERSON_KEY})), Column("text", Kind.TEXT))
    people = [ring.pseudonym("patient", note.patient) for note in notes]
    return Table(pa.table({"patient": people, "text": [one.text for one in results]}), Schema(columns))


def _write(files: Path, found: Notes, results: Sequence[NoteResult], ring: KeyRing) -> int:
    """The notes as files whose names are pseudonyms; JSON lines stay one file. Returns how many files there are."""
    people = [ring.pseudonym("patient", note.patient) for note in found.notes]
    if found.form == "lines":
        rows = (
            json.dumps({"patient": who, "text": one.text}, ensure_ascii=False)
            for who, one in zip(people, results, strict=True)
        )
        (files / "notes.jsonl").write_text("\n".join(rows) + "\n", "utf-8")
        return 1
    counted: dict[str, int] = {}
    for who, one in zip(people, results, strict=True):
        counted[who] = counted.get(who, 0) + 1
        (files / f"{who}-{counted[who]:04d}.txt").write_text(one.text, "utf-8")
    return len(people)
