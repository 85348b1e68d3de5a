"""Open corpora of notes that taggers learn from, read from the files that their makers publish."""

from __future__ import annotations

import csv
import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path

from cohortium.anonymise.notes.annotated import AnnotatedNote, Mark
from cohortium.anonymise.notes.vocabulary import EDS_PSEUDO, I2B2, MEDDOCAN, Type
from cohortium.errors import SourceUnreadable

PRESIDIO = {
    "PERSON": Type.PERSON, "STREET_ADDRESS": Type.STREET, "GPE": Type.PLACE, "ORGANIZATION": Type.INSTITUTION,
    "DATE_TIME": Type.DATE,
    "AGE": Type.AGE, "PHONE_NUMBER": Type.PHONE, "EMAIL_ADDRESS": Type.EMAIL, "ZIP_CODE": Type.PLACE,
    "DOMAIN_NAME": Type.URL,
    "IBAN_CODE": Type.OTHER_ID, "US_SSN": Type.INSURANCE_ID, "IP_ADDRESS": Type.URL,
    "US_DRIVER_LICENSE": Type.OTHER_ID, "CREDIT_CARD": Type.OTHER_ID,
}  # fmt: skip
_EDS = re.compile(r"\[([^\]]*)\]\((\w+)\)")
_ACI_NAME = re.compile(
    r"((?:[A-Z][a-z]+ ){1,2}[A-Z][a-z]+) is an? [\w \-]*\d+[- ]year|(?:Dr|Mr|Mrs|Ms)\. ((?:[A-Z][a-z]+ ?){1,2})\b"
)


def _text(path: Path) -> str:
    try:
        return gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text("utf-8")
    except (OSError, UnicodeDecodeError, EOFError) as error:
        raise SourceUnreadable(
            f"{path} cannot be read; 'train-tagger' needs it. Its page in the docs says where to get it."
        ) from error


def marked_json(path: Path, labels: dict[str, Type]) -> list[AnnotatedNote]:
    """JSON lines of {"text", "spans": [[first, past last, label]]}; labels that are not in ``labels`` are left out."""
    rows = [json.loads(line) for line in _text(path).splitlines() if line]
    return [
        AnnotatedNote(
            row["text"],
            tuple((start, end, labels[label]) for start, end, label in sorted(row["spans"]) if label in labels),
        )
        for row in rows
    ]


def meddocan(folder: Path, part: str) -> list[AnnotatedNote]:
    """MEDDOCAN (Spanish), part "train" or "dev"."""
    return marked_json(folder / f"meddocan_es_{part}.jsonl.gz", MEDDOCAN)


def injected_english(folder: Path) -> list[AnnotatedNote]:
    """English note sections with invented identifiers put in; for trials alone."""
    labels = {**I2B2, "HOSPITAL": Type.HOSPITAL}
    return marked_json(folder / "phi_en_injected_open.jsonl.gz", labels)


def eds_snippets(folder: Path) -> list[str]:
    """Snippets of EDS-Pseudo's templates (French), still with [text](LABEL)."""
    whole = _text(folder / "eds_pseudo_templates_fr.txt")
    return [snippet for snippet in re.split(r"\n\s*\n", whole) if snippet.strip()]


def eds_note(snippet: str) -> AnnotatedNote:
    """A snippet read; a given name and a surname side by side are one person."""
    text, marks, place = "", list[Mark](), 0
    for match in _EDS.finditer(snippet):
        text += snippet[place : match.start()]
        value, kind = match.group(1), EDS_PSEUDO.get(match.group(2).replace("ADDRESSE", "ADRESSE"))
        if kind is not None and value.strip():
            start = len(text) + len(value) - len(value.lstrip())
            if marks and kind is Type.PERSON is marks[-1][2] and text[marks[-1][1] :] == " ":
                start = marks.pop()[0]
            marks.append((start, len(text) + len(value.rstrip()), kind))
        text += value
        place = match.end()
    return AnnotatedNote(text + snippet[place:], tuple(marks))


def presidio(folder: Path) -> Iterator[AnnotatedNote]:
    """Presidio-research's synthetic sentences (English, not clinical)."""
    for row in json.loads(_text(folder / "presidio_synth_v2.json.gz")):
        marks = sorted((one["start_position"], one["end_position"], PRESIDIO[one["entity_type"]])
                       for one in row["spans"] if one["entity_type"] in PRESIDIO)  # fmt: skip
        yield AnnotatedNote(row["full_text"], tuple(marks))


def aci_bodies(folder: Path) -> list[str]:
    """ACI-Bench's visit notes (English) as templates: the invented names in them are slots."""
    rows = csv.DictReader(_text(folder / "aci_bench_train_valid.csv.gz").splitlines(keepends=True))
    return [_with_slots(row["note"].replace("{", "(").replace("}", ")")) for row in rows]


def _with_slots(note: str) -> str:
    names = {name.strip() for match in _ACI_NAME.finditer(note) for name in match.groups() if name}
    words = {word for name in names for word in name.split() if len(word) > 2}
    for name in sorted(names, key=len, reverse=True):
        slot = "{patient}" if " " in name else "{patient_surname}"
        note = re.sub(rf"\b{name}\b", slot, re.sub(rf"\bDr\. {name}\b", "Dr. {staff_surname}", note))
    return re.sub(rf"\b(?:{'|'.join(words)})\b(?!\w)", "{patient_surname}", note) if words else note
