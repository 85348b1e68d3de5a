"""A note whose identifying spans somebody has marked: what taggers learn from and are judged by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cohortium.anonymise.notes.vocabulary import Type

Mark = tuple[int, int, Type]


@dataclass(frozen=True, slots=True)
class AnnotatedNote:
    """A text and its marks (first character, one past the last, type)."""

    text: str
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Agreement:
    """How well found spans agree with marked ones, over many notes.

    strict  : precision, recall, F1 of spans with the same bounds and type (MEDDOCAN 2019, sub-track 1).
    bounds  : the same for bounds alone (sub-track 2, strict).
    merged  : the same where spans with nothing but punctuation between them count as one (sub-track 2, merged).
    covered : share of marks whose every letter and digit lies in some span.
    """

    strict: tuple[float, float, float]
    bounds: tuple[float, float, float]
    merged: tuple[float, float, float]
    covered: float
    marks: int


def agreement(notes: Sequence[AnnotatedNote], found: Sequence[Sequence[Mark]]) -> Agreement:
    """Counts pooled over the notes ("micro")."""
    strict = bounds = merged = (0, 0, 0)
    covered = total = 0
    for note, marks in zip(notes, found, strict=True):
        strict = _added(strict, set(note.marks), set(marks))
        bounds = _added(bounds, {mark[:2] for mark in note.marks}, {mark[:2] for mark in marks})
        merged = _added(merged, _merged(note.text, note.marks), _merged(note.text, marks))
        hidden = bytearray(len(note.text))
        for start, end, _ in marks:
            hidden[start:end] = b"\x01" * (end - start)
        total += len(note.marks)
        covered += sum(
            all(hidden[place] or not note.text[place].isalnum() for place in range(start, end))
            for start, end, _ in note.marks
        )
    return Agreement(_rates(strict), _rates(bounds), _rates(merged), covered / max(total, 1), total)


def _merged(text: str, marks: Sequence[Mark]) -> set[tuple[int, int]]:
    """Bounds of spans, those put together between which no letter and no digit stands."""
    found: list[tuple[int, int]] = []
    for start, end in sorted({mark[:2] for mark in marks}):
        if found and not any(letter.isalnum() for letter in text[found[-1][1] : start]):
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return set(found)


def _added(counts: tuple[int, int, int], truth: set[Any], found: set[Any]) -> tuple[int, int, int]:
    return (counts[0] + len(truth & found), counts[1] + len(found), counts[2] + len(truth))


def _rates(counts: tuple[int, int, int]) -> tuple[float, float, float]:
    both, found, true = counts
    precision, recall = both / max(found, 1), both / max(true, 1)
    return precision, recall, 2 * both / max(found + true, 1)
