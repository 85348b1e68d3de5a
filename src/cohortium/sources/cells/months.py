"""Names of months in the languages of Europe's larger health systems."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

# Beginnings that tell the month apart in English, German, French, Spanish, Italian, Portuguese, Dutch and Polish;
# longer ones first, because "juin" and "juillet", "mar" and "may" share their beginnings.
_BEGINNINGS: tuple[tuple[str, int], ...] = (
    ("juil", 7),
    ("juin", 6),
    ("sty", 1),
    ("jan", 1),
    ("ene", 1),
    ("gen", 1),
    ("feb", 2),
    ("fev", 2),
    ("fév", 2),
    ("lut", 2),
    ("mrt", 3),
    ("mar", 3),
    ("mär", 3),
    ("mae", 3),
    ("maa", 3),
    ("kwi", 4),
    ("apr", 4),
    ("avr", 4),
    ("abr", 4),
    ("mai", 5),
    ("may", 5),
    ("mei", 5),
    ("mag", 5),
    ("maj", 5),
    ("cze", 6),
    ("jun", 6),
    ("giu", 6),
    ("lip", 7),
    ("jul", 7),
    ("lug", 7),
    ("sie", 8),
    ("aug", 8),
    ("ago", 8),
    ("aoû", 8),
    ("aou", 8),
    ("wrz", 9),
    ("sep", 9),
    ("set", 9),
    ("paź", 10),
    ("oct", 10),
    ("okt", 10),
    ("ott", 10),
    ("out", 10),
    ("lis", 11),
    ("nov", 11),
    ("gru", 12),
    ("dec", 12),
    ("dez", 12),
    ("déc", 12),
    ("dic", 12),
)


def month_number(name: str) -> int:
    """1 to 12, or 0 when ``name`` is no month."""
    folded = name.strip(". ").casefold()
    return next((number for beginning, number in _BEGINNINGS if folded.startswith(beginning)), 0)


def month_numbers(names: pa.Array) -> NDArray[np.int64]:
    """Numbers (n,) of the months named, 0 where there is none."""
    unique = names.fill_null("").dictionary_encode()
    numbers = np.array([month_number(name) for name in unique.dictionary.to_pylist()], dtype=np.int64)
    return np.asarray(numbers[np.asarray(unique.indices)])
