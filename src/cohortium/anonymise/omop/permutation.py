"""Keyed pseudonyms of whole numbers that never collide: a permutation of all numbers below 2^31, or 2^63.

A Feistel network over words of 16 bits, whose round functions are tables drawn from the key; numbers that fall outside
of the range are sent through again until they fall into it (cycle walking).

Source : Luby and Rackoff 1988 (rounds); Black and Rogaway 2002 (cycle walking, small domains).
"""

from __future__ import annotations

import hashlib
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from cohortium.anonymise.pseudonyms import KeyRing
from cohortium.errors import InvalidRecords

Numbers: TypeAlias = npt.NDArray[np.uint64]
_WORD = np.uint64(16)
_MASK = np.uint64(0xFFFF)
_ROUNDS = {2: 12, 4: 24}


class KeyedPermutation:
    """The same number of the same kind has the same pseudonym, and no other number has it.

    wide : numbers from 2^31 on occur, so pseudonyms go up to 2^63.
    """

    def __init__(self, ring: KeyRing, kind: str, *, wide: bool = False) -> None:
        self.words = 4 if wide else 2
        self.below = 1 << (63 if wide else 31)
        self._tables = tuple(
            tuple(self._table(ring, kind, turn, place) for place in range(self.words // 2))
            for turn in range(_ROUNDS[self.words])
        )

    def __call__(self, numbers: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Pseudonyms of numbers from 0 on; raises InvalidRecords where one lies outside of the range."""
        if len(numbers) and (numbers.min() < 0 or int(numbers.max()) >= self.below):
            raise InvalidRecords(f"Keys must be whole numbers from 0 to {self.below - 1:,} to be given pseudonyms.")
        made = self._once(numbers.astype(np.uint64))
        outside = made >= np.uint64(self.below)
        while outside.any():
            made[outside] = self._once(made[outside])
            outside = made >= np.uint64(self.below)
        return made.astype(np.int64)

    def _once(self, numbers: Numbers) -> Numbers:
        """One pass over 32 or 64 bits: each round mixes every other word with a function of the one before it."""
        words = [numbers >> (_WORD * np.uint64(place)) & _MASK for place in range(self.words)]
        for tables in self._tables:
            for place, table in enumerate(tables):
                words[2 * place + 1] = words[2 * place + 1] ^ table[words[2 * place]]
            words = [*words[1:], words[0]]
        made = np.zeros(len(numbers), np.uint64)
        for place, word in enumerate(words):
            made |= word << (_WORD * np.uint64(place))
        return made

    def _table(self, ring: KeyRing, kind: str, turn: int, place: int) -> Numbers:
        seed = ring.bytes_for("omop/permutation", f"{kind}/{self.words}/{turn}/{place}")
        return np.frombuffer(hashlib.shake_256(seed).digest(2 << 16), "<u2").astype(np.uint64)
