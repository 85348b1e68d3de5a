"""How a tagger does on notes that it never saw, with the rules beside it as in use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cohortium.anonymise.notes.annotated import Agreement, AnnotatedNote, agreement
from cohortium.anonymise.notes.finding import Finder, finder
from cohortium.anonymise.notes.tagger.tagger import Tagger, Weights


def tried(by: Finder, notes: Sequence[AnnotatedNote]) -> Agreement:
    """How well what ``by`` finds agrees with the marks; no patient is known beforehand."""
    return agreement(notes, [[(span.start, span.end, span.type) for span in by.find(note.text)] for note in notes])


def with_trial(weights: Weights, notes: Sequence[AnnotatedNote], described: str) -> Weights:
    """The weights with what was measured on ``notes`` written into them."""
    found = tried(finder(weights.code, Tagger(weights)), notes)
    precision, recall, f1 = found.strict
    held = {"precision": precision, "recall": recall, "f1": f1, "covered": found.covered, "marks": float(found.marks)}
    return replace(weights, held_out={name: round(value, 4) for name, value in held.items()}, tried_on=described)
