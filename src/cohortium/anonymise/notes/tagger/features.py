"""What the tagger sees of each token, as hashes of small whole numbers.

A token has *atoms*: its word (only if many notes have it), its shape, its ends, the lists that it stands in, what the
recognisers say, the heading of its line. A *feature* is one atom or several, of the token or of its neighbours.
The hashes cannot be turned back into text, and words that only few notes have are never looked at.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from cohortium.anonymise.notes.eponyms import is_known_eponym
from cohortium.anonymise.notes.folding import folded_word
from cohortium.anonymise.notes.language import language, lexicon
from cohortium.anonymise.notes.span import Span
from cohortium.anonymise.notes.tokens import Tokens
from cohortium.anonymise.notes.vocabulary import Type

if TYPE_CHECKING:
    from numpy.typing import NDArray

SLOTS = 1 << 20
REACH = 4
"""Tokens on either side that features look at."""
_TYPES = {kind: number for number, kind in enumerate(Type, 1)}
WORD, SHAPE, FORM, PREFIX, SUFFIX, ENDING, LISTS, RULE, HINT, HEADING, SINCE, LINE, JOINED, LAST_HEADING = range(14)
ATOMS = 14

_SINGLE = [
    *((WORD, place) for place in range(-4, 5)), *((SHAPE, place) for place in range(-3, 4)),
    *((LISTS, place) for place in range(-3, 4)), *((RULE, place) for place in range(-2, 3)), (HINT, -1), (HINT, 0),
    (HINT, 1),
    *((SUFFIX, place) for place in (-1, 0, 1)), (PREFIX, 0), (ENDING, 0), (FORM, 0), (FORM, -1), (FORM, 1),
    (HEADING, 0), (LINE, 0), (LAST_HEADING, 0),
]  # fmt: skip
_PAIRS = [
    ((WORD, -1), (WORD, 0)), ((WORD, 0), (WORD, 1)), ((WORD, -2), (WORD, -1)), ((WORD, 1), (WORD, 2)),
    ((WORD, -1), (SHAPE, 0)), ((SHAPE, 0), (WORD, 1)), ((WORD, -2), (SHAPE, 0)), ((WORD, -1), (WORD, 1)),
    ((SHAPE, -1), (SHAPE, 0)), ((SHAPE, 0), (SHAPE, 1)), ((FORM, -1), (FORM, 0)), ((FORM, 0), (FORM, 1)),
    ((LISTS, -1), (LISTS, 0)), ((LISTS, 0), (LISTS, 1)), ((LISTS, 0), (SHAPE, 0)), ((LISTS, 0), (WORD, -1)),
    ((LISTS, 0), (WORD, 1)),
    ((RULE, 0), (HINT, 0)), ((RULE, 0), (WORD, 0)), ((RULE, 0), (WORD, -1)), ((RULE, 0), (LISTS, 0)),
    ((RULE, 0), (RULE, 1)), ((RULE, -1), (RULE, 0)),
    ((HEADING, 0), (SINCE, 0)), ((HEADING, 0), (SHAPE, 0)), ((HEADING, 0), (RULE, 0)), ((HEADING, 0), (WORD, -1)),
    ((HEADING, 0), (WORD, 0)), ((HEADING, 0), (WORD, 1)), ((HEADING, 0), (LISTS, 0)),
    ((LAST_HEADING, 0), (SHAPE, 0)), ((LINE, 0), (SHAPE, 0)), ((LINE, 0), (WORD, 0)),
    ((JOINED, 0), (SHAPE, 0)), ((JOINED, 1), (SHAPE, 0)), ((SUFFIX, 0), (SHAPE, 0)), ((LISTS, -2), (LISTS, 0)),
]  # fmt: skip
_TRIPLES = [
    ((SHAPE, -1), (SHAPE, 0), (SHAPE, 1)), ((SHAPE, -2), (SHAPE, -1), (SHAPE, 0)), ((SHAPE, 0), (SHAPE, 1), (SHAPE, 2)),
    ((WORD, -1), (WORD, 0), (WORD, 1)), ((WORD, -2), (WORD, -1), (SHAPE, 0)), ((WORD, -3), (WORD, -2), (WORD, -1)),
    ((SHAPE, 0), (WORD, 1), (WORD, 2)),
    ((LISTS, -1), (LISTS, 0), (LISTS, 1)), ((FORM, -1), (FORM, 0), (FORM, 1)), ((HEADING, 0), (SINCE, 0), (SHAPE, 0)),
    ((HEADING, 0), (WORD, -1), (SHAPE, 0)), ((RULE, -1), (RULE, 0), (RULE, 1)),
    ((HEADING, 0), (LISTS, 0), (LISTS, 1)), ((FORM, -2), (FORM, -1), (FORM, 0)), ((FORM, 0), (FORM, 1), (FORM, 2)),
]  # fmt: skip
_ROWS = [((one), one, one) for one in _SINGLE] + [(a, b, b) for a, b in _PAIRS] + list(_TRIPLES)
TEMPLATES: NDArray[np.int64] = np.array(_ROWS, np.int64)
"""(F, 3, 2) the atoms, and places relative to the token, that each feature is made of; one repeated is one."""


def word_hash(word: str) -> int:
    """The number that stands for a word, by which vocabularies know it."""
    return zlib.crc32(word.lower().encode())


def _shape(word: str) -> str:
    if word.isdecimal():
        return "9" * min(len(word), 10)
    if not word.isalpha():
        return word
    case = "X" if word.isupper() else "Xx" if word[0].isupper() else "x"
    return case + str(min(len(word), 4))


class Atoms:
    """The atoms of words in one language, remembered for words that were seen before.

    vocabulary : hashes of the words that may be looked at as words.
    """

    def __init__(self, code: str, vocabulary: Iterable[int]) -> None:
        self.vocabulary = frozenset(vocabulary)
        words = language(code)
        self._lists = (
            lexicon(code, "female") | lexicon(code, "male"),
            lexicon(code, "surnames"),
            _parts(lexicon(code, "towns")),
            _parts(words.countries),
            _parts(words.staff_titles),
            _parts(words.person_titles),
            _parts(words.kin),
            _parts((*words.streets_before, *words.streets_after)),
            _parts((*words.hospital_words, *words.centre_words)),
            _parts(words.institution_words),
            frozenset(words.month_forms()) | _parts(words.weekdays),
            _parts(words.professions),
            frozenset(folded_word(word) for word in words.particles),
            _parts(words.ordinary),
        )
        self._known: dict[str, int] = {}
        self._table = np.zeros((1024, ATOMS), np.uint32)

    def of(self, tokens: Tokens, spans: Iterable[Span]) -> NDArray[np.uint32]:
        """(n + 2 REACH, ATOMS) atoms of a text's tokens, with edges before and after."""
        n = len(tokens)
        rows = np.fromiter((self._row(word) for word in tokens.words), np.int64, n)
        atoms = np.full((n + 2 * REACH, ATOMS), 1, np.uint32)
        inner = atoms[REACH : REACH + n]
        inner[:] = self._table[rows]
        _mark(inner, tokens, spans)
        _headings(inner, tokens)
        gaps = np.ones(n, np.uint32)
        gaps[1:] = np.where(
            tokens.lines[1:] != tokens.lines[:-1], 3, np.where(tokens.starts[1:] > tokens.ends[:-1], 2, 1)
        )
        inner[:, JOINED] = gaps
        return atoms

    def _row(self, word: str) -> int:
        row = self._known.get(word)
        if row is None:
            row = len(self._known) % 200_000
            if row == 0:
                self._known.clear()
            if row >= len(self._table):
                self._table = np.concatenate([self._table, np.zeros_like(self._table)])
            self._known[word] = row
            self._table[row] = self._made(word)
        return row

    def _made(self, word: str) -> NDArray[np.uint32]:
        plain, shape = folded_word(word), _shape(word)
        made = np.zeros(ATOMS, np.uint32)
        known = word_hash(word)
        form = word if not word.isalnum() else shape
        made[WORD] = known if known in self.vocabulary else zlib.crc32(b"?" + shape.encode())
        made[SHAPE] = zlib.crc32(shape.rstrip("1234").encode() if word.isalpha() else shape[:6].encode())
        made[FORM] = zlib.crc32(form.encode())
        made[PREFIX], made[SUFFIX], made[ENDING] = (
            zlib.crc32(part.encode()) for part in (plain[:3], plain[-3:], "." + plain[-2:])
        )
        made[LISTS] = self._standing(word, plain)
        return made

    def _standing(self, word: str, plain: str) -> int:
        bits = sum(1 << place for place, words in enumerate(self._lists) if plain in words)
        return 2 + 2 * bits + ((1 << 20) if word[:1].isupper() else 0) + ((1 << 21) if is_known_eponym(word) else 0)


def _parts(words: Iterable[str]) -> frozenset[str]:
    return frozenset(
        part
        for word in words
        for part in folded_word(word).replace("-", " ").replace(".", " ").split()
        if len(part) > 1
    )


def _mark(atoms: NDArray[np.uint32], tokens: Tokens, spans: Iterable[Span]) -> None:
    for span in sorted(spans, key=lambda one: one.score):
        first = int(np.searchsorted(tokens.ends, span.start, side="right"))
        last = int(np.searchsorted(tokens.starts, span.end, side="left"))
        value = 16 * _TYPES[span.type] + 2 * min(4, int(5 * span.score))
        atoms[first:last, HINT] = np.where(atoms[first:last, RULE] > 1, atoms[first:last, RULE] // 16, 0)
        atoms[first:last, RULE] = value + 1
        atoms[first : first + 1, RULE] = value


def _headings(atoms: NDArray[np.uint32], tokens: Tokens) -> None:
    """What stands before the last colon on the line, how far back it is, and the heading of the line before."""
    words, lines = tokens.words, tokens.lines.tolist()
    hashes = atoms[:, WORD].tolist()
    headings, since, previous = [0] * len(words), [0] * len(words), [0] * len(words)
    heading, distance, line, of_line, last = 0, 15, -1, 0, 0
    for place, word in enumerate(words):
        if lines[place] != line:
            last, of_line = of_line, 0
            line, heading, distance = lines[place], 0, 15
        if word == ":" and place and lines[place - 1] == line:
            heading, distance = hashes[place - 1], 0
            of_line = of_line or heading
        headings[place], since[place], previous[place] = heading if distance < 15 else 0, distance, last
        distance = min(15, distance + 1)
    atoms[:, HEADING], atoms[:, SINCE], atoms[:, LAST_HEADING] = headings, since, previous
    total = max(lines[-1], 1) if lines else 1
    place_of = np.minimum(tokens.lines, 20) + 32 * (tokens.lines >= total - 2)
    atoms[:, LINE] = place_of


@njit(cache=True, nogil=True)
def hashed(atoms: NDArray[np.uint32], templates: NDArray[np.int64], slots: int, reach: int) -> NDArray[np.int64]:
    """(n, F) the slot of each feature of each token."""
    n = atoms.shape[0] - 2 * reach
    width = templates.shape[0]
    found = np.empty((n, width), np.int64)
    for i in range(n):
        for f in range(width):
            value = np.uint64(f + 1) * np.uint64(0x9E3779B97F4A7C15)
            for part in range(3):
                if (
                    part
                    and templates[f, part, 0] == templates[f, part - 1, 0]
                    and templates[f, part, 1] == templates[f, part - 1, 1]
                ):
                    break
                atom = atoms[reach + i + templates[f, part, 1], templates[f, part, 0]]
                value = (value ^ np.uint64(atom)) * np.uint64(0xD6E8FEB86659FD93)
                value ^= value >> np.uint64(32)
            found[i, f] = np.int64(value % np.uint64(slots))
    return found
