"""A trained tagger: its weights, read from one file, and what it finds in a text."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.anonymise.notes.span import Span
from cohortium.anonymise.notes.tagger import chain
from cohortium.anonymise.notes.tagger.features import REACH, SLOTS, TEMPLATES, Atoms, hashed
from cohortium.anonymise.notes.tagger.labels import OUTSIDE, decoded, transitions
from cohortium.anonymise.notes.tokens import Tokens
from cohortium.anonymise.notes.vocabulary import Type
from cohortium.errors import InvalidRequest, SourceUnreadable

if TYPE_CHECKING:
    from numpy.typing import NDArray

SCALE = 1 / 32
"""Weights are kept as whole numbers of -127 to 127 of these."""
DOUBT = 0.2
"""From this probability of being inside, a token that is left outside is shown to a person."""


@dataclass(frozen=True, slots=True)
class Weights:
    """What training leaves: a slot and a row of weights for each feature; no word in plain text.

    slots    : (R,) of SLOTS; states : (R, L) int8; steps : (L + 1, L + 1); vocabulary : hashes of words.
    held_out : "precision", "recall", "f1" of strict spans, "covered", "marks" on notes kept out of training.
    tried_on : what those notes are.
    """

    code: str
    names: tuple[str, ...]
    slots: NDArray[np.uint32]
    states: NDArray[np.int8]
    steps: NDArray[np.float32]
    vocabulary: NDArray[np.uint32]
    held_out: dict[str, float] = field(default_factory=dict)
    tried_on: str = ""

    def to_bytes(self) -> bytes:
        """As a file; the same weights give the same bytes."""
        stream = io.BytesIO()
        held = sorted(self.held_out.items())
        places = np.flatnonzero(self.states)
        np.savez_compressed(
            stream,
            code=np.array(self.code),
            names=np.array(self.names),
            gaps=np.diff(self.slots.astype(np.int64), prepend=0).astype(np.uint32),
            places=np.diff(places, prepend=0).astype(np.uint32),
            values=self.states.reshape(-1)[places],
            steps=self.steps,
            vocabulary=np.sort(self.vocabulary),
            tried_on=np.array(self.tried_on),
            held_names=np.array([name for name, _ in held]),
            held_values=np.array([value for _, value in held], np.float64),
        )
        return stream.getvalue()

    @classmethod
    def from_bytes(cls, plain: bytes) -> Weights:
        """Those that ``to_bytes`` wrote; raises SourceUnreadable where they are something else."""
        try:
            with np.load(io.BytesIO(plain), allow_pickle=False) as kept:
                return cls._from_arrays({name: kept[name] for name in kept.files})
        except (OSError, ValueError, KeyError, IndexError) as error:
            raise SourceUnreadable("The file is not a tagger of Cohortium; make one with 'train-tagger'.") from error

    @classmethod
    def _from_arrays(cls, kept: dict[str, Any]) -> Weights:
        slots = np.cumsum(kept["gaps"].astype(np.int64)).astype(np.uint32)
        states = np.zeros(len(slots) * len(kept["names"]), np.int8)
        states[np.cumsum(kept["places"].astype(np.int64))] = kept["values"]
        held = dict(zip(map(str, kept["held_names"]), map(float, kept["held_values"]), strict=True))
        names = tuple(map(str, kept["names"]))
        return cls(
            str(kept["code"]),
            names,
            slots,
            states.reshape(len(slots), -1),
            kept["steps"],
            kept["vocabulary"],
            held,
            str(kept["tried_on"]),
        )


class Tagger:
    """Finds spans by weights; ``caution`` is taken off the score of "outside", for more recall at less precision."""

    def __init__(self, weights: Weights, caution: float = 0.0) -> None:
        self.weights = weights
        self.caution = caution
        self._atoms = Atoms(weights.code, map(int, weights.vocabulary))
        self._states = weights.states.astype(np.float32) * np.float32(SCALE)
        allowed = transitions(weights.names)
        self._steps = np.where(allowed < 0, allowed, weights.steps)
        self._rows = np.full(SLOTS, -1, np.int32)
        self._rows[weights.slots] = np.arange(len(weights.slots), dtype=np.int32)

    def find(self, tokens: Tokens, hints: Iterable[Span]) -> tuple[list[Span], list[Span]]:
        """The spans of a text that was cut into ``tokens`` and where recognisers found ``hints``; and doubtful ones.

        A span's score is the least probability, among its tokens, of not being outside.
        """
        if not len(tokens):
            return [], []
        features = self._rows[hashed(self._atoms.of(tokens, hints), TEMPLATES, SLOTS, REACH)]
        scores = chain.state_scores(features, self._states)
        scores[:, OUTSIDE] -= self.caution
        edges = np.flatnonzero(np.diff(tokens.lines, prepend=-1, append=tokens.lines[-1] + 1))
        path, inside = chain.tagged(scores, self._steps, edges)
        found = [
            Span(int(tokens.starts[a]), int(tokens.ends[b]), kind, float(inside[a : b + 1].min()), "tagger")
            for a, b, kind in decoded(path, self.weights.names)
        ]
        return found, list(_doubts(tokens, path, inside))


def _doubts(tokens: Tokens, path: NDArray[np.int64], inside: NDArray[np.float64]) -> Iterator[Span]:
    """Runs of tokens that were left outside though they may well be inside."""
    unsure = (path == OUTSIDE) & (inside >= DOUBT)
    edges = np.flatnonzero(np.diff(unsure.astype(np.int8), prepend=0, append=0)).tolist()
    for first, past in zip(edges[::2], edges[1::2], strict=True):
        if any(word.isalnum() for word in tokens.words[first:past]):
            score = float(inside[first:past].max())
            yield Span(int(tokens.starts[first]), int(tokens.ends[past - 1]), Type.OTHER, score, "tagger, in doubt")


@cache
def shipped(code: str) -> Tagger:
    """The tagger that comes with Cohortium for a language."""
    place = resources.files("cohortium.anonymise.notes.tagger").joinpath(f"weights/{code}.npz")
    return Tagger(Weights.from_bytes(place.read_bytes()))


def tagger_at(path: Path, code: str) -> Tagger:
    """The one that ``train-tagger`` wrote; raises SourceUnreadable, InvalidRequest where it is for another language."""
    try:
        weights = Weights.from_bytes(path.read_bytes())
    except OSError as error:
        raise SourceUnreadable(f"{path} cannot be read: {error.strerror}.") from error
    if weights.code != code:
        raise InvalidRequest(f"{path} is a tagger for '{weights.code}'; the notes are said to be in '{code}'.")
    return Tagger(weights)
