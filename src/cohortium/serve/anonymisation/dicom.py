"""``cohortium anonymise dicom``: a folder of DICOM files de-identified by PS3.15, searched again, through the gate."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cohortium.serve.anonymisation.app import anonymise_app
from cohortium.serve.options import REFUSED, AsJson, Keys, Out, Override, PolicyFile, show
from cohortium.serve.reporter import Reporter

if TYPE_CHECKING:
    from cohortium.anonymise.dicom import Profile, Tally
    from cohortium.privacy.release import Decision
    from cohortium.records import Evidence
    from cohortium.serve.anonymisation.page import Account

ACTIONS = {
    "X": "removed", "Z": "emptied", "D": "dummy value", "P": "pseudonym", "U": "new identifier", "M": "moved",
    "C": "cleaned", "K": "kept", "E": "had no value",
}  # fmt: skip
LOOK_AT = {
    "words left": "A word of the patient is left",
    "text left": "Text is still read in the pixels",
    "pixels unread": "The pixels may show text, and could not be read",
    "pixels ignored": "The pixels may show text, and were not read",
    "private left": "Private elements are left",
    "dates left": "A date of the original is left",
    "uids left": "An identifier of the original is left",
    "incomplete": "Pixels or an identifier are missing",
    "heads": "May show a head",
}
MOST_NUMBERS = 40
KEPT = {"K", "E"}
SOURCE = "a folder of DICOM files"
"""How the journal names the source, since the name of a folder may tell who the patient is."""


@anonymise_app.command("dicom")
def anonymise_dicom(
    files: Annotated[Path, typer.Argument(help="Folder of DICOM files, at any depth, or one file.")],
    out: Out,
    keys: Keys,
    profile: Annotated[
        str, typer.Option(help="What is done: 'basic', 'research', 'strict', or a profile (TOML) of your own.")
    ] = "research",
    record: Annotated[
        Path | None,
        typer.Option(help="CSV: first column patients' numbers, others what names them; it must not come out."),
    ] = None,
    policy: PolicyFile = None,
    override: Override = None,
    as_json: AsJson = False,
) -> None:
    """De-identify DICOM files, and let them out if the policy agrees."""
    from cohortium.anonymise.dicom import (
        Settings,
        deidentify_folder,
        evidence_of,
        load_profile,
        record_words,
        text_reader,
    )
    from cohortium.anonymise.pseudonyms import KeyRing
    from cohortium.privacy.policy import load_policy
    from cohortium.privacy.released_folder import must_be_free
    from cohortium.serve.anonymisation.leaving import let_files_out
    from cohortium.serve.workspace import Workspace

    rules, chosen = load_policy(policy, shipped="dicom"), load_profile(profile)
    must_be_free(out)
    words = record_words(record) if record else {}
    ring = KeyRing.load(keys)
    reader = text_reader() if chosen.pixel_text == "blank" else None
    with Reporter(quiet=as_json) as reporter:
        run = Workspace().new_run("dicom")
        try:
            tally = deidentify_folder(files, run / "files", Settings(chosen, ring, words, reader), reporter)
        except BaseException:
            shutil.rmtree(run, ignore_errors=True)
            raise
        evidence = evidence_of(tally, chosen, title="DICOM files", text_reader="rapidocr" if reader else "none")
        result = let_files_out(
            run / "files", evidence, rules, out, run,
            lambda found, decision: _page(tally, chosen, found, decision), source=SOURCE, override=override or "",
        )  # fmt: skip
    show(result, as_json)
    if result["verdict"] == "refused":
        raise typer.Exit(REFUSED)


def _page(tally: Tally, profile: Profile, evidence: Evidence, decision: Decision) -> str:
    from cohortium.serve.anonymisation.page import page_of

    counts = tally.counts
    left_out = [f"{counts[name]:,} {said}" for name, said in
                (("not DICOM", "not DICOM"), ("directories", "directories (DICOMDIR)")) if counts[name]]  # fmt: skip
    facts = [
        ("Files", f"{counts['files']:,}"),
        ("Patients", f"{counts['patients']:,}"),
        ("Left out", ", ".join(left_out) or "nothing"),
        ("Profile", f"{profile.title}: PS3.15, table E.1-1, {_options(profile)}"),
        ("Text in pixels", _pixels(tally, evidence)),
    ]
    return page_of(
        "De-identified DICOM files", SOURCE, evidence, decision, facts=facts, accounts=_accounts(tally), limits=LIMITS
    )


def _options(profile: Profile) -> str:
    from cohortium.anonymise.dicom.markers import OPTIONS

    names = [OPTIONS[name][1].removesuffix(" Option") for name in sorted(profile.options)]
    return f"with {', '.join(names)}" if names else "without options"


def _pixels(tally: Tally, evidence: Evidence) -> str:
    counts = tally.counts
    return (
        f"{counts['suspicious']:,} files may show some; {counts['pixels read']:,} of them read with "
        f"{evidence.facts['text_reader']}, {counts['text boxes blanked']:,} rectangles blanked"
    )


def _accounts(tally: Tally) -> list[Account]:
    from cohortium.serve.anonymisation.page import Account

    total = tally.by_action()
    summary = tuple((said.capitalize(), total[code]) for code, said in ACTIONS.items())
    changed: dict[tuple[str, str], dict[str, int]] = {}
    for (tag, name, action), count in tally.actions.items():
        changed.setdefault((tag, name), {})[action] = count
    rows = sorted(changed.items())
    places = tuple((said, _numbers(tally.places[name])) for name, said in LOOK_AT.items() if name in tally.places)
    look_at = Account(
        "Files to look at", ("What", "Files, by number"), places,
        intro="Files are numbered from 1 in the order of their paths, since a path may tell who the patient is.",
    )  # fmt: skip
    return [
        *([look_at] if places else []),
        Account("What was done to elements", ("Action", "Elements"), summary),
        Account(
            "What was done to each attribute",
            ("Tag", "Attribute", "In the originals", "What was done"),
            tuple((tag, name, sum(done.values()), _said(done)) for (tag, name), done in rows if not set(done) <= KEPT),
            intro="Elements in all files and at all depths; those that were only kept are in the next table.",
        ),
        Account(
            "Kept as they are",
            ("Tag", "Attribute", "Elements"),
            tuple((tag, name, sum(done.values())) for (tag, name), done in rows if set(done) <= KEPT),
        ),
    ]


def _numbers(numbers: list[int]) -> str:
    shown = ", ".join(f"{number:,}" for number in numbers[:MOST_NUMBERS])
    more = len(numbers) - MOST_NUMBERS
    return f"{shown} and {more:,} more" if more > 0 else shown


def _said(done: dict[str, int]) -> str:
    return ", ".join(
        f"{ACTIONS[code]}: {done[code]:,}" if len(done) > 1 else ACTIONS[code] for code in ACTIONS if code in done
    )


LIMITS: tuple[Any, ...] = (
    "Words are searched for as far as headers and the record name them: a name that stands nowhere but in a free text "
    "is found only where it looks like one (after 'Dr', 'patient:', and the like).",
    "Text in pixels is found by a reader that reads most print and little handwriting; images that give no reason for "
    "suspicion are not read.",
    "Faces can be made of head volumes; nothing here removes them.",
    "Who has the original images can tell whose the files are by comparing pixels.",
)
