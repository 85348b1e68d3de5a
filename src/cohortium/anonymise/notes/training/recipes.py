"""What the tagger of each language is trained on, and what is kept out of training to judge it by."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cohortium.anonymise.notes.annotated import AnnotatedNote
from cohortium.anonymise.notes.training import corpora
from cohortium.anonymise.notes.training.fit import Training
from cohortium.anonymise.notes.training.written_notes import HELD_OUT_OF, NoteWriter, templates

if TYPE_CHECKING:
    from collections.abc import Sequence

_ANNOTATED = Training(epochs=9, dropout=0.4, times=1, copies=1, voters=4)
"""Chosen on a fifth of MEDDOCAN's training notes."""
WRITTEN_NOTES = 500
TRIAL_NOTES = 150


@dataclass(frozen=True, slots=True)
class Recipe:
    """Notes to learn from, notes that were kept out, what those are, and settings."""

    notes: tuple[AnnotatedNote, ...]
    held_out: tuple[AnnotatedNote, ...]
    described: str
    settings: Training


def recipe(code: str, folder: Path | None, seed: int) -> Recipe:
    """The recipe of a language.

    folder : of the open corpora; needed for "es" (MEDDOCAN), "en" (ACI-Bench, Presidio) and "fr" (EDS-Pseudo).
    Raises : SourceUnreadable where a corpus is missing.
    """
    rng = np.random.default_rng([seed, *code.encode()])
    if code == "es":
        place = folder or Path()
        return Recipe(
            tuple(corpora.meddocan(place, "train")), tuple(corpora.meddocan(place, "dev")), "MEDDOCAN dev", _ANNOTATED
        )
    bodies, extra, kept = _open_texts(code, folder or Path(), rng)
    writer = NoteWriter(code, rng, templates(code).part(held_out=False), bodies=bodies)
    notes = [*(writer.note() for _ in range(WRITTEN_NOTES)), *extra]
    trial = NoteWriter(code, rng, templates(code).part(held_out=True), unlisted=0.5)
    held_out = [*(trial.note() for _ in range(TRIAL_NOTES)), *kept]
    said = "notes from templates kept out of training" + (", and snippets of EDS-Pseudo kept out" if kept else "")
    return Recipe(tuple(notes), tuple(held_out), said, Training(epochs=5, blindness=(0.0, 0.3, 0.6, 0.9)))


def _open_texts(
    code: str, folder: Path, rng: np.random.Generator
) -> tuple[Sequence[str], Sequence[AnnotatedNote], Sequence[AnnotatedNote]]:
    """Bodies for written notes, further notes to learn from, and further ones to keep out."""
    if code == "en":
        return corpora.aci_bodies(folder), list(corpora.presidio(folder)), ()
    if code == "fr":
        snippets = corpora.eds_snippets(folder)
        order = rng.permutation(len(snippets))
        kept = [corpora.eds_note(snippets[place]) for place in order[: len(snippets) // HELD_OUT_OF]]
        taught = [corpora.eds_note(snippets[place]) for place in order[len(snippets) // HELD_OUT_OF :]]
        return (), [note for note in taught for _ in range(4)], kept
    return (), (), ()
