"""Finds a patient's words in text and in bytes, and takes them out of text."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

REPLACEMENT = "***"
ANYWHERE = 6
"""Words with letters of at least this length count inside other words, too: "smithers" in "MRSMITHERS2"."""
IN_BYTES = 4
"""Shorter words with letters are looked for in text alone: any large file has them somewhere among its numbers."""
NUMBER_IN_BYTES = 9


class Matcher:
    """The words of one patient, in lower case.

    Short words count only as whole words and numbers only as whole numbers, since "li" is in "liver" and 1234 in any
    long identifier. Words of scripts without spaces count anywhere.
    """

    def __init__(self, words: Iterable[str]) -> None:
        self.words = tuple(sorted({word.strip() for word in words} - {""}, key=lambda word: (-len(word), word)))
        parts = [_pattern(word) for word in self.words]
        self._pattern = re.compile("|".join(parts), re.IGNORECASE) if parts else None
        self._forms: dict[tuple[tuple[str, ...], frozenset[str]], tuple[bytes, ...]] = {}

    def found(self, text: str) -> bool:
        """Whether the text names the patient."""
        return self._pattern is not None and self._pattern.search(text) is not None

    def without(self, text: str) -> str:
        """The text with the words replaced."""
        return text if self._pattern is None else self._pattern.sub(REPLACEMENT, text)

    def byte_forms(self, encodings: Iterable[str], without: Collection[str] = ()) -> tuple[bytes, ...]:
        """What to look for in bytes that were put into lower case: words in each encoding that can write them.

        without : words that every file has, and that are therefore looked for in text alone.
        """
        asked = (tuple(encodings), frozenset(without))
        if asked not in self._forms:
            self._forms[asked] = self._written(*asked)
        return self._forms[asked]

    def _written(self, encodings: tuple[str, ...], without: frozenset[str]) -> tuple[bytes, ...]:
        forms: set[bytes] = set()
        for word in self.words:
            if len(word) < (NUMBER_IN_BYTES if _is_number(word) else IN_BYTES) or word in without:
                continue
            for encoding in encodings:
                if encoding.startswith("utf-16") and len(word) < ANYWHERE:
                    continue
                for written in (word, word.upper(), word.title()):
                    try:
                        forms.add(written.encode(encoding).lower())
                    except (UnicodeEncodeError, LookupError):
                        continue
        return tuple(sorted(forms))


def hits(data: bytes, forms: Iterable[bytes]) -> int:
    """How many of the forms the bytes hold; short ones count as whole words, numbers as whole numbers."""
    small = data.lower()
    return sum(any(_stands_alone(small, at, form) for at in _places(small, form)) for form in forms)


def _places(data: bytes, form: bytes) -> Iterable[int]:
    at = data.find(form)
    while at >= 0:
        yield at
        at = data.find(form, at + 1)


def _stands_alone(data: bytes, at: int, form: bytes) -> bool:
    if len(form) >= ANYWHERE and not form.isdigit():
        return True
    around = data[max(0, at - 1) : at] + data[at + len(form) : at + len(form) + 1]
    return not (any(48 <= byte <= 57 for byte in around) if form.isdigit() else around.isalnum() or _any_alnum(around))


def _any_alnum(around: bytes) -> bool:
    return any(bytes([byte]).isalnum() for byte in around)


def _is_number(word: str) -> bool:
    return not any(letter.isalpha() for letter in word)


def _pattern(word: str) -> str:
    escaped = r"\s+".join(re.escape(part) for part in word.split())
    if _is_number(word):
        return rf"(?<!\d){escaped}(?!\d)"
    if len(word) >= ANYWHERE or any(ord(letter) > 0x2E80 for letter in word):
        return escaped
    return rf"(?<![^\W_]){escaped}(?![^\W_])"
