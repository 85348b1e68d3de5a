"""Whole collections of notes: found, decided, replaced, and looked at once more."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from cohortium.anonymise.notes.decisions import Decisions
from cohortium.anonymise.notes.finding import Finder
from cohortium.anonymise.notes.known_table import KnownPatients
from cohortium.anonymise.notes.leftovers import identifiers_left
from cohortium.anonymise.notes.note_files import Note
from cohortium.anonymise.notes.span import Span, merged
from cohortium.anonymise.notes.surrogates.replacing import Replacing

Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class NoteResult:
    """One note as it may leave, and what was found in it.

    spans  : all that were found, kept ones too.
    doubts : places that may identify someone, were not sure enough to be replaced, and that nobody has decided on.
    left   : identifiers of the patient, as the record knows them, in the text that is to leave.
    """

    text: str
    spans: tuple[Span, ...]
    replaced: tuple[Span, ...]
    doubts: tuple[Span, ...]
    left: int


@dataclass(frozen=True, slots=True)
class Account:
    """What was done to a collection, in numbers.

    found, replaced : spans by type; rules : replaced spans by the rule that found them.
    in_known        : notes of patients whom the record knows.
    """

    notes: int
    patients: int
    characters: int
    changed: int
    doubts: int
    reviewed: int
    left: int
    notes_with_left: int
    in_known: int
    empty: int
    found: Mapping[str, int] = field(default_factory=dict)
    replaced: Mapping[str, int] = field(default_factory=dict)
    rules: Mapping[str, int] = field(default_factory=dict)


def anonymised(
    notes: Sequence[Note],
    finder: Finder,
    replacing: Replacing,
    known: KnownPatients | None = None,
    decisions: Decisions | None = None,
    progress: Progress = lambda _doing, _share: None,
) -> tuple[NoteResult, ...]:
    """Every note, in order; all notes of a patient are replaced together, so that they agree with each other."""
    by_patient: dict[str, list[int]] = defaultdict(list)
    for place, note in enumerate(notes):
        by_patient[note.patient].append(place)
    results: list[NoteResult | None] = [None] * len(notes)
    done = 0
    for patient, places in by_patient.items():
        one = None if known is None else known.of(patient)
        texts = [notes[place].text for place in places]
        pairs = [finder.find_with_doubts(text, one) for text in texts]
        decided = [(spans, doubts) if decisions is None else decisions.applied(text, spans, doubts)
                   for text, (spans, doubts) in zip(texts, pairs, strict=True)]  # fmt: skip
        new = replacing.notes(
            patient, texts, [merged(text, spans) for text, (spans, _) in zip(texts, decided, strict=True)], one
        )
        for place, text, (spans, doubts), changed in zip(places, texts, decided, new, strict=True):
            replaced = tuple(span for span in spans if not replacing.is_kept(text, span))
            left = 0 if one is None else identifiers_left(changed, one, finder.code)
            results[place] = NoteResult(changed, tuple(spans), replaced, tuple(doubts), left)
        done += len(places)
        progress("reading notes", done / len(notes))
    return tuple(result for result in results if result is not None)


def account_of(
    notes: Sequence[Note], results: Sequence[NoteResult], known: KnownPatients | None, decisions: Decisions | None
) -> Account:
    """Numbers alone, no text."""
    return Account(
        notes=len(notes),
        patients=len({note.patient for note in notes}),
        characters=sum(len(note.text) for note in notes),
        changed=sum(len(span) for one in results for span in one.replaced),
        doubts=sum(len(one.doubts) for one in results),
        reviewed=0 if decisions is None else len(decisions),
        left=sum(one.left for one in results),
        notes_with_left=sum(one.left > 0 for one in results),
        in_known=0 if known is None else sum(known.of(note.patient) is not None for note in notes),
        empty=sum(not note.text.strip() for note in notes),
        found=Counter(str(span.type) for one in results for span in one.spans),
        replaced=Counter(str(span.type) for one in results for span in one.replaced),
        rules=Counter(span.rule for one in results for span in one.replaced),
    )
