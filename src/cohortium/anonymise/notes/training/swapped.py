"""More notes to learn from: the same ones with marked spans of others in the place of their own.

So a tagger learns where a street or a hospital begins and ends from what stands around it, not from the one that stood
there. Source : mention replacement, Dai and Adel 2020 (COLING), section 3.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from cohortium.anonymise.notes.annotated import AnnotatedNote, Mark
from cohortium.anonymise.notes.vocabulary import Type

SHARE = 0.5
"""How many of the spans of a note are swapped."""


def swapped(notes: Sequence[AnnotatedNote], rng: np.random.Generator) -> Iterator[AnnotatedNote]:
    """Each note once more, half of its spans drawn from those of the same type in all notes."""
    pool: dict[Type, list[str]] = {}
    for note in notes:
        for start, end, kind in note.marks:
            pool.setdefault(kind, []).append(note.text[start:end])
    for note in notes:
        yield _one(note, pool, rng)


def _one(note: AnnotatedNote, pool: dict[Type, list[str]], rng: np.random.Generator) -> AnnotatedNote:
    parts: list[str] = []
    marks: list[Mark] = []
    at = length = 0
    for start, end, kind in sorted(note.marks):
        if start < at:
            continue
        before, span = note.text[at:start], note.text[start:end]
        if rng.random() < SHARE:
            span = pool[kind][rng.integers(len(pool[kind]))]
        length += len(before)
        marks.append((length, length + len(span), kind))
        length += len(span)
        parts += [before, span]
        at = end
    return AnnotatedNote("".join([*parts, note.text[at:]]), tuple(marks))
