"""Yes and no in the spellings of Europe's hospitals."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

PAIRS: tuple[tuple[str, str], ...] = (
    ("0", "1"),
    ("false", "true"),
    ("f", "t"),
    ("no", "yes"),
    ("n", "y"),
    ("nein", "ja"),
    ("n", "j"),
    ("nee", "ja"),
    ("nej", "ja"),
    ("nei", "ja"),
    ("non", "oui"),
    ("n", "o"),
    ("no", "si"),
    ("no", "sí"),
    ("no", "sì"),
    ("não", "sim"),
    ("nao", "sim"),
    ("nie", "tak"),
    ("ne", "ano"),
    ("ne", "da"),
    ("nu", "da"),
    ("nem", "igen"),
    ("ei", "kyllä"),
    ("falsch", "wahr"),
    ("faux", "vrai"),
    ("falso", "verdadero"),
    ("off", "on"),
    ("unchecked", "checked"),
    (".false.", ".true."),
)
_MEANING = {spelling: value for pair in PAIRS for value, spelling in enumerate(pair)}


def _spelling(text: str) -> str:
    folded = text.strip().casefold()
    return folded[:-2] if folded in ("0.0", "1.0") else folded


def boolean_pair(texts: list[str]) -> tuple[str, str] | None:
    """The spellings of false and true when ``texts`` are exactly one such pair, upper and lower case mixed; else None.

    One language must explain both: "f" and "m" are no pair, and neither is "ja" alone.
    """
    found = {_spelling(text) for text in texts}
    return next((pair for pair in PAIRS if found == set(pair)), None)


def read_booleans(texts: pa.Array) -> NDArray[np.int8]:
    """1 for true, 0 for false, -1 where a text is neither; (n,)."""
    if len(texts) > 10_000:
        unique = texts.dictionary_encode()
        return np.asarray(read_booleans(unique.dictionary)[np.asarray(unique.indices)])
    return np.array([_MEANING.get(_spelling(text), -1) for text in texts.to_pylist()], dtype=np.int8)
