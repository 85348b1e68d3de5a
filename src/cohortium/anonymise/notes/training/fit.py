"""How a tagger is trained: the same notes and seed give the same weights, to the byte."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cohortium.anonymise.notes.annotated import AnnotatedNote
from cohortium.anonymise.notes.recognisers import recognised
from cohortium.anonymise.notes.tagger import chain
from cohortium.anonymise.notes.tagger.features import REACH, SLOTS, TEMPLATES, Atoms, hashed, word_hash
from cohortium.anonymise.notes.tagger.labels import encoded, label_names, transitions
from cohortium.anonymise.notes.tagger.tagger import SCALE, Weights
from cohortium.anonymise.notes.tokens import Tokens, tokens
from cohortium.anonymise.notes.training.swapped import swapped
from cohortium.anonymise.notes.vocabulary import GROUPS
from cohortium.errors import TooFewRecords

if TYPE_CHECKING:
    from numpy.typing import NDArray

SECRET = frozenset({*GROUPS["NAME"], *GROUPS["ID"], *GROUPS["CONTACT"], *GROUPS["LOCATION"][:1]})
"""Types of spans whose words are not looked at unless enough notes have them elsewhere, too."""
FEWEST_NOTES = 20


@dataclass(frozen=True, slots=True)
class Training:
    """Settings.

    epochs    : passes over the notes; the weights are the mean of the later half.
    dropout   : share of features that is left out, drawn anew at each pass.
    documents : a word is looked at if this many notes have it outside of names, numbers, contacts and streets.
    times     : a feature is kept if it occurs this often, for each time that a note is learnt from.
    least     : weights below this are set to 0.
    blindness : shares of the known words that notes are read without, in turn, so that unknown ones are no surprise.
    copies    : how often each note is learnt from once more, with spans of other notes in the place of its own.
    voters    : how often all of that is done; the weights are the mean.
    """

    epochs: int = 8
    rate: float = 0.1
    dropout: float = 0.3
    documents: int = 4
    times: int = 3
    least: float = 0.06
    blindness: tuple[float, ...] = (0.0,)
    copies: int = 0
    voters: int = 1


def fitted(
    notes: Sequence[AnnotatedNote],
    code: str,
    rng: np.random.Generator,
    settings: Training | None = None,
    progress: Callable[[str, float], None] = lambda _doing, _share: None,
) -> Weights:
    """Weights learnt from ``notes``.

    Raises : TooFewRecords below 20 notes.
    """
    if len(notes) < FEWEST_NOTES:
        raise TooFewRecords(f"A tagger needs at least {FEWEST_NOTES} annotated notes; there are {len(notes)}.")
    chosen = settings or Training()
    names = label_names({kind for note in notes for _, _, kind in note.marks})
    vocabulary = _vocabulary(notes, [tokens(note.text) for note in notes], chosen.documents)
    progress("reading the notes", 0.05)
    mean, mean_steps = np.zeros((SLOTS, len(names)), np.float32), np.zeros((len(names) + 1,) * 2)
    for voter in range(chosen.voters):
        said = _part(progress, voter, chosen.voters)
        slots, states, steps = _voted(notes, code, names, vocabulary, rng, chosen, said)
        mean[slots] += states / chosen.voters
        mean_steps += steps / chosen.voters
    mean[np.abs(mean) < chosen.least] = 0
    whole = np.clip(np.rint(mean / SCALE), -127, 127).astype(np.int8)
    used = np.flatnonzero(whole.any(axis=1))
    known = np.array(sorted(vocabulary), np.uint32)
    return Weights(code, names, used.astype(np.uint32), whole[used], mean_steps.astype(np.float32), known)


def _voted(
    notes: Sequence[AnnotatedNote],
    code: str,
    names: Sequence[str],
    vocabulary: frozenset[int],
    rng: np.random.Generator,
    settings: Training,
    progress: Callable[[str, float], None],
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]:
    """What one voter learns from the notes and its own copies of them: slots, their weights, and those of steps."""
    learnt_from = [*notes, *(copy for _ in range(settings.copies) for copy in swapped(notes, rng))]
    features, truth, lines = _read(learnt_from, code, names, vocabulary, rng, settings)
    often = np.bincount(features.ravel(), minlength=SLOTS)
    slots = np.flatnonzero(often >= settings.times * (1 + settings.copies))
    rows = np.full(SLOTS, -1, np.int32)
    rows[slots] = np.arange(len(slots), dtype=np.int32)
    return slots, *_learnt(rows[features], truth, lines, len(slots), names, rng, settings, progress)


def _part(progress: Callable[[str, float], None], part: int, parts: int) -> Callable[[str, float], None]:
    """The progress of one part of several."""
    suffix = "" if parts == 1 else f", {part + 1} of {parts}"
    return lambda doing, share: progress(doing + suffix, (part + share) / parts)


def _vocabulary(notes: Sequence[AnnotatedNote], cut: Sequence[Tokens], documents: int) -> frozenset[int]:
    counts: Counter[str] = Counter()
    for note, parts in zip(notes, cut, strict=True):
        secret = bytearray(len(note.text))
        for start, end, kind in note.marks:
            if kind in SECRET:
                secret[start:end] = b"\x01" * (end - start)
        open_words = {word.lower() for word, start in zip(parts.words, parts.starts, strict=True) if not secret[start]}
        counts.update(word for word in open_words if not (word.isdecimal() and len(word) > 2))
    return frozenset(word_hash(word) for word, count in counts.items() if count >= documents)


def _read(
    notes: Sequence[AnnotatedNote],
    code: str,
    names: Sequence[str],
    vocabulary: frozenset[int],
    rng: np.random.Generator,
    settings: Training,
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]:
    words = np.array(sorted(vocabulary), np.uint32)
    readers = [Atoms(code, map(int, words[rng.random(len(words)) >= share])) for share in settings.blindness]
    features, truth, lines, place = [], [], [], 0
    for number, note in enumerate(notes):
        parts = tokens(note.text)
        if not len(parts):
            continue
        reader = readers[number % len(readers)]
        features.append(hashed(reader.of(parts, recognised(note.text, code)), TEMPLATES, SLOTS, REACH).astype(np.int32))
        truth.append(encoded(parts, note.marks, names))
        lines.append(np.flatnonzero(np.diff(parts.lines, prepend=-1)) + place)
        place += len(parts)
    return np.concatenate(features), np.concatenate(truth), np.append(np.concatenate(lines), place)


def _learnt(
    features: NDArray[np.int32],
    truth: NDArray[np.int64],
    lines: NDArray[np.int64],
    rows: int,
    names: Sequence[str],
    rng: np.random.Generator,
    settings: Training,
    progress: Callable[[str, float], None],
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    states, steps = np.zeros((rows, len(names)), np.float32), transitions(names)
    squares, step_squares = np.ones_like(states), np.ones_like(steps)
    mean, mean_steps, counted = np.zeros_like(states), np.zeros(steps.shape), 0
    for number in range(settings.epochs):
        progress(f"pass {number + 1} of {settings.epochs}", 0.1 + 0.9 * number / settings.epochs)
        keep = rng.random(features.shape, dtype=np.float32) >= settings.dropout
        chain.epoch(
            features,
            truth,
            lines,
            rng.permutation(len(lines) - 1),
            keep,
            states,
            squares,
            steps,
            step_squares,
            settings.rate,
        )
        if number >= settings.epochs // 2:
            counted += 1
            mean += (states - mean) / counted
            mean_steps += (steps - mean_steps) / counted
    return mean, mean_steps.astype(np.float32)
