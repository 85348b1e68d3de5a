"""Who is kept away from a synthesiser that learns across sites, so that they can judge what it made."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from cohortium.analyse.trees.memory import kept
from cohortium.numerics.keyed_draws import chosen_rows
from cohortium.numerics.neighbours import fingerprints
from cohortium.records import Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

_NEXT = np.uint64(0x9E3779B97F4A7C15)


def held_out(records: Table, share: float, seed: int) -> NDArray[np.bool_]:
    """True (n,) for about ``share`` of the rows: the same ones in every step, wherever they lie.

    The choice follows from what a row holds, and among equal rows of one site from their order; it is the same pooled
    and over sites as long as no two sites hold an equal row.
    """

    def chosen() -> NDArray[np.bool_]:
        words = fingerprints(_numbers(records))
        with np.errstate(over="ignore"):
            return np.asarray(chosen_rows(words + _NEXT * _occurrences(words).astype(np.uint64), seed, share))

    return kept(records, ("held out", tuple(records.schema.modelled), share, seed), chosen)


def _numbers(records: Table) -> NDArray[np.float64]:
    """The modelled columns (n, p) in the order of their names; a level is a number that follows from its text."""
    names = sorted(column.name for column in records.schema.modelled)
    found = np.empty((len(records), len(names)))
    for place, name in enumerate(names):
        if records.schema[name].kind.is_nominal:
            codes, levels = records.codes(name)
            found[:, place] = np.array([_number(level) for level in levels] + [np.nan])[codes]
        else:
            found[:, place] = records.numeric(name)
    return found


def _number(level: str) -> float:
    return float(int.from_bytes(hashlib.blake2b(level.encode(), digest_size=6).digest(), "big"))


def _occurrences(words: NDArray[np.uint64]) -> NDArray[np.int64]:
    """(n,) how many equal words come before each."""
    order = np.argsort(words, kind="stable")
    ranked = words[order]
    starts = np.flatnonzero(np.concatenate([[True], ranked[1:] != ranked[:-1]])) if len(words) else np.zeros(0, int)
    found = np.empty(len(words), np.int64)
    found[order] = np.arange(len(words)) - np.repeat(starts, np.diff(np.append(starts, len(words))))
    return found
