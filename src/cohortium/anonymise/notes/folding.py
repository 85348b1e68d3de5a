"""Letters without accents and case, one for one, so that places in the folded text are places in the text."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

WORD = re.compile(r"[^\W\d_]+")

_LETTERS = {ord("ß"): "s", ord("ø"): "o", ord("Ø"): "o", ord("ł"): "l", ord("Ł"): "l", ord("đ"): "d", ord("ı"): "i",
            ord("æ"): "a", ord("œ"): "o", ord("Æ"): "a", ord("Œ"): "o", ord("’"): "'", ord("´"): "'", ord("`"): "'",
            ord("–"): "-", ord("‐"): "-", ord("‑"): "-", ord("\u00a0"): " ", ord("\u202f"): " "}  # fmt: skip


def _base(code: int) -> str:
    first = unicodedata.normalize("NFKD", chr(code))[0].lower()
    return first if len(first) == 1 else chr(code)


_TABLE = {code: _base(code) for code in (*range(0x41, 0x5B), *range(0xAA, 0x250), *range(0x1E00, 0x1F00))} | _LETTERS


def folded(text: str) -> str:
    """``text`` in small letters without accents; as long as ``text``."""
    return text.translate(_TABLE)


@lru_cache(maxsize=200_000)
def folded_word(word: str) -> str:
    """The same for one word, remembered."""
    return word.translate(_TABLE)
