"""Random numbers that follow from what a row holds: the same wherever the row lies, whoever draws."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray


@njit(cache=True, nogil=True)
def mixed(word: np.uint64) -> np.uint64:
    """A word whose every bit depends on every bit of the one given (finaliser of SplitMix64; Steele et al. 2014)."""
    word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return word ^ (word >> np.uint64(31))


@njit(cache=True, nogil=True)
def fingerprints(codes: NDArray[np.uint8], seed: int) -> NDArray[np.uint64]:
    """One word (n,) for each row of ``codes`` (n, p); the same for equal rows, wherever they lie."""
    words = np.empty(codes.shape[0], np.uint64)
    for row in range(codes.shape[0]):
        word = mixed(np.uint64(seed))
        for column in range(codes.shape[1]):
            word = mixed(word + np.uint64(codes[row, column]) + np.uint64(0x9E3779B97F4A7C15))
        words[row] = word
    return words


@njit(cache=True, nogil=True)
def chosen_rows(words: NDArray[np.uint64], key: int, share: float) -> NDArray[np.bool_]:
    """About ``share`` of the rows with these fingerprints (n,); others for another ``key``."""
    answer = np.empty(len(words), np.bool_)
    salt = mixed(np.uint64(key) + np.uint64(0x9E3779B97F4A7C15))
    for row in range(len(words)):
        answer[row] = (mixed(words[row] ^ salt) >> np.uint64(11)) * 2.0**-53 < share
    return answer


@njit(cache=True, nogil=True)
def uniforms(words: NDArray[np.uint64], key: int, number: int) -> NDArray[np.float64]:
    """Uniform numbers (n, number) in (0, 1) for the rows with these fingerprints (n,); others for another ``key``."""
    answer = np.empty((len(words), number))
    for place in range(number):
        salt = mixed(np.uint64(key) * np.uint64(0xD1342543DE82EF95) + np.uint64(place + 1))
        for row in range(len(words)):
            answer[row, place] = ((mixed(words[row] ^ salt) >> np.uint64(11)) + 0.5) * 2.0**-53
    return answer
