"""Parts of many bytes in which a word may stand: pixels are mostly none, and to search the rest is quick."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

BETWEEN = b"\0\0\0"
"""Stands between parts, so that no word arises of two; a part has one byte more on either side than a word may."""


def sifted(data: bytes, forms: Sequence[bytes]) -> bytes:
    """The data without most of what holds none of the forms, in whatever case their letters are.

    forms : of one byte a letter, or of two with a zero behind; with others among them the data come back whole.
    """
    narrow = tuple(form for form in forms if 0 not in form)
    wide = tuple(form[::2] for form in forms if 0 not in form[::2] and not any(form[1::2]))
    if len(narrow) + len(wide) < len(forms):
        return data
    parts: list[bytes] = []
    for letters, step in ((narrow, 1), (wide, 2)):
        if letters:
            parts += _parts(data, _table(letters), min(map(len, letters)), step)
    return BETWEEN.join(parts)


def _parts(data: bytes, table: bytes, count: int, step: int) -> list[bytes]:
    """Runs of at least so many of the table's letters, with a zero behind each where ``step`` is 2."""
    found = np.frombuffer(data.translate(table), bool)
    if step > 1:
        found = found[:-1] & (np.frombuffer(data, np.uint8)[1:] == 0)
    starts = np.flatnonzero(_runs(found, count, step))
    if not len(starts):
        return []
    length = count * step
    gaps = np.flatnonzero(np.diff(starts) > length + 2)
    firsts, lasts = starts[np.r_[0, gaps + 1]], starts[np.r_[gaps, -1]]
    return [data[max(0, first - 1) : last + length + 1] for first, last in zip(firsts, lasts, strict=True)]


def _runs(found: NDArray[np.bool_], count: int, step: int) -> NDArray[np.bool_]:
    """Where so many in a row begin, each ``step`` behind the one before."""
    have = 1
    while have < count:
        more = min(have, count - have)
        found = found[: max(0, len(found) - more * step)] & found[more * step :]
        have += more
    return found


@lru_cache(maxsize=64)
def _table(letters: tuple[bytes, ...]) -> bytes:
    known = set(b"".join(letters).lower()) | set(b"".join(letters).upper())
    return bytes(byte in known for byte in range(256))
