"""Text cut into words, numbers and single signs, with the places where they stand."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

TOKEN = re.compile(r"[^\W\d_]+|\d+|[^\w\s]|_")


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of one text.

    starts, ends : (n,) places of characters.
    lines        : (n,) number of the line that each stands in.
    """

    words: list[str]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    lines: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.words)


def tokens(text: str) -> Tokens:
    """``text`` cut; only blanks are left out."""
    found = [(match.group(), match.start()) for match in TOKEN.finditer(text)]
    words = [word for word, _ in found]
    starts = np.fromiter((start for _, start in found), np.int64, len(found))
    lengths = np.fromiter((len(word) for word in words), np.int64, len(words))
    breaks = np.fromiter((match.start() for match in re.finditer("\n", text)), np.int64)
    return Tokens(words, starts, starts + lengths, np.searchsorted(breaks, starts))
