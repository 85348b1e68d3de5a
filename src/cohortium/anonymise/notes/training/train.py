"""A tagger trained and tried, from the shipped recipe or from a hospital's own annotated notes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from cohortium.anonymise.notes.language import language
from cohortium.anonymise.notes.tagger.tagger import Weights
from cohortium.anonymise.notes.training.corpora import marked_json
from cohortium.anonymise.notes.training.fit import Training, fitted
from cohortium.anonymise.notes.training.recipes import Recipe, recipe
from cohortium.anonymise.notes.training.trial import with_trial
from cohortium.anonymise.notes.vocabulary import EDS_PSEUDO, I2B2, MEDDOCAN, Type
from cohortium.errors import InvalidRequest

OWN_HELD_OUT = 0.2
LABELS: dict[str, Type] = {**EDS_PSEUDO, **I2B2, **MEDDOCAN, **{str(kind): kind for kind in Type}}
"""Every label that annotated notes may use: ours, and those of MEDDOCAN, i2b2 and EDS-Pseudo."""


def trained(
    code: str,
    corpora: Path | None,
    own: Path | None,
    seed: int,
    progress: Callable[[str, float], None] = lambda _doing, _share: None,
) -> Weights:
    """Weights with what was measured on notes kept out.

    corpora : folder of the open corpora; own : annotated notes (JSON lines) instead of the recipe.
    Raises  : InvalidRequest, SourceUnreadable, TooFewRecords.
    """
    language(code)
    if corpora is not None and own is not None:
        raise InvalidRequest("Give --corpora or --notes, not both.")
    made = recipe(code, corpora, seed) if own is None else _own(own, seed)
    weights = fitted(made.notes, code, np.random.default_rng(seed), made.settings, progress)
    progress("trying it on notes kept out", 0.99)
    return with_trial(weights, made.held_out, made.described)


def _own(path: Path, seed: int) -> Recipe:
    notes = marked_json(path, LABELS)
    order = np.random.default_rng(seed).permutation(len(notes))
    kept = max(1, round(OWN_HELD_OUT * len(notes)))
    return Recipe(
        tuple(notes[place] for place in order[kept:]),
        tuple(notes[place] for place in order[:kept]),
        "a fifth of the given notes",
        Training(),
    )
