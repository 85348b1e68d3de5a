"""How well and how fast identifying text is found in clinical notes: ``python -m benchmarks.notes``.

COHORTIUM_DATA names the folder that holds notes/. Spans are judged with no patient known beforehand, except where the
row says so. "Covered" is the share of marks whose every letter and digit lies in a found span.
"""

from __future__ import annotations

import csv
import gzip
import json
import os
import statistics
import time
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from cohortium.anonymise.notes import KnownPatient, find, finder
from cohortium.anonymise.notes import language as languages
from cohortium.anonymise.notes.annotated import AnnotatedNote
from cohortium.anonymise.notes.folding import WORD
from cohortium.anonymise.notes.known_patient import KnownPatient as Patient
from cohortium.anonymise.notes.recognisers.dates import dates
from cohortium.anonymise.notes.span import Span
from cohortium.anonymise.notes.tagger.tagger import shipped
from cohortium.anonymise.notes.training.corpora import injected_english, meddocan
from cohortium.anonymise.notes.training.invented import Inventor
from cohortium.anonymise.notes.training.trial import tried
from cohortium.anonymise.notes.vocabulary import Type

RESULTS = Path(__file__).parent / "results" / "notes.json"
REPEATS = 5


def found_again(notes: Sequence[AnnotatedNote], code: str) -> dict[str, float]:
    """Strict spans, bounds and coverage."""
    found = tried(finder(code), notes)
    names = ("precision", "recall", "f1")
    told = {"strict": found.strict, "bounds": found.bounds, "merged": found.merged}
    rows = {
        f"{how}_{name}": float(rate) for how, rates in told.items() for name, rate in zip(names, rates, strict=True)
    }
    return rows | {"covered": found.covered, "marks": found.marks}


def words_lost(texts: Sequence[str], code: str) -> dict[str, float]:
    """Share of words in small letters, none of which is a name, that were replaced though nobody marked them."""
    lost = total = 0
    for text in texts:
        hidden = bytearray(len(text))
        for span in find(text, code):
            if span.type not in (Type.AGE, Type.SEX, Type.RELATIVE, Type.DATE, Type.COUNTRY):
                hidden[span.start : span.end] = b"\x01" * len(span)
        for match in WORD.finditer(text):
            if match.group().islower() and len(match.group()) > 3:
                total += 1
                lost += hidden[match.start()]
    return {"words_in_small_letters": total, "share_replaced": lost / max(total, 1)}


def _variants(word: str, rng: np.random.Generator) -> dict[str, str]:
    place = int(rng.integers(1, len(word)))
    return {
        "as written": word,
        "capitals": word.upper(),
        "small letters": word.lower(),
        "one letter lost": word[:place] + word[place + 1 :],
        "one letter wrong": word[:place] + "qx"[word[place].lower() == "q"] + word[place + 1 :],
        "two letters swapped": word[: place - 1] + word[place] + word[place - 1] + word[place + 1 :]
        if place > 1
        else word,
    }


def known_names(code: str, people: int = 300) -> dict[str, float]:
    """Share of surnames of six letters and more that the record finds in a note, however they are written."""
    rng = np.random.default_rng(11)
    invent = Inventor(code, rng)
    hits: dict[str, list[bool]] = {}
    for _ in range(people):
        surname = max(WORD.findall(invent.person().surname), key=len)
        if len(surname) < 6:
            continue
        for how, written in _variants(surname, rng).items():
            text = f"Seen: {written} is well."
            spans = Patient(names=(surname,)).find(text, code, ())
            hits.setdefault(how, []).append(any(span.start <= 6 and span.end >= 6 + len(written) for span in spans))
    return {how: sum(found) / len(found) for how, found in hits.items()}


def known_dates(code: str, days: int = 200) -> float:
    """Share of birth dates that the record finds in whichever of the language's forms they are written."""
    rng = np.random.default_rng(12)
    invent = Inventor(code, rng)
    hits = 0
    for _ in range(days):
        day = date.fromordinal(int(rng.integers(date(1931, 1, 1).toordinal(), date(2025, 1, 1).toordinal())))
        forms = tuple(form for form in invent.forms.dates if "1er" not in form)
        text = f"born {invent.written(day, forms)}, well"
        spans: list[Span] = list(KnownPatient(dates=(day,)).find(text, code, dates(text, code)))
        hits += bool(spans)
    return hits / days


def speed(texts: Sequence[str], code: str) -> dict[str, float]:
    """Thousands of characters per second of one core, the whole way of finding; the median of five."""
    rates, walls = [], []
    find(texts[0], code)
    characters = sum(map(len, texts)) / 1e3
    for _ in range(REPEATS):
        cpu, wall = time.process_time(), time.perf_counter()
        for text in texts:
            find(text, code)
        rates.append(characters / (time.process_time() - cpu))
        walls.append(characters / (time.perf_counter() - wall))
    return {"kchar_per_cpu_second": statistics.median(rates), "kchar_per_second": statistics.median(walls)}


def without_lists(measure: Callable[[], dict[str, float]]) -> dict[str, float]:
    """The same with every list of names and towns empty, to see how much rests on the test's names being in them."""
    kept = languages.lexicon
    from cohortium.anonymise.notes import finding, whole_names
    from cohortium.anonymise.notes.recognisers import people
    from cohortium.anonymise.notes.tagger import features

    rooms: list[Any] = [people, features, whole_names]
    try:
        for room in rooms:
            room.lexicon = lambda _code, _kind: frozenset()
        shipped.cache_clear()
        return measure()
    finally:
        for room in rooms:
            room.lexicon = kept
        shipped.cache_clear()
        finding.finder("en")


def main() -> None:
    """Measure, print, and keep the numbers."""
    folder = Path(os.environ["COHORTIUM_DATA"]) / "notes"
    spanish, english = meddocan(folder, "dev"), injected_english(folder)
    sections = csv.DictReader(
        gzip.decompress((folder / "mts_dialog_train_valid.csv.gz").read_bytes()).decode().splitlines(keepends=True)
    )
    bodies = [row["section_text"] for row in sections if row["section_text"]]
    results: dict[str, Any] = {
        "MEDDOCAN dev (es)": found_again(spanish, "es"),
        "injected (en)": found_again(english, "en"),
        "injected (en), lists of names empty": without_lists(lambda: found_again(english, "en")),
        "words lost, MTS-Dialog sections (en)": words_lost(bodies, "en"),
        "known names": {code: known_names(code) for code in languages.LANGUAGES},
        "known dates": {code: known_dates(code) for code in languages.LANGUAGES},
        "speed, MEDDOCAN dev (es)": speed([note.text for note in spanish[:100]], "es"),
        "speed, injected (en)": speed([note.text for note in english], "en"),
        "tried at training": {
            code: {"on": shipped(code).weights.tried_on, **shipped(code).weights.held_out}
            for code in languages.LANGUAGES
        },
    }
    RESULTS.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", "utf-8")
    print(json.dumps(results, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
