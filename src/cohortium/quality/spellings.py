"""Levels that are other spellings of commoner ones."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST_LEVELS = 20_000
_LONG = 6
"""Fewest letters of a word in which one letter may be a slip; in shorter words it often makes another word."""
_SHORT, _LONGEST = 4, 60
_RARER = 0.1
"""A slip is rarer than the right spelling, at least by this factor."""
_SEPARATORS = re.compile(r"[\W_]+")


def folded(level: str) -> str:
    """The level without case, accents and the spaces and signs between its words."""
    letters = unicodedata.normalize("NFKD", level.strip().casefold())
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
    joined = _SEPARATORS.sub(" ", bare).strip()
    # Where nothing but signs is left ("<", ">=", "+"), the signs are what is meant.
    return joined if joined else bare


def variants(levels: Sequence[str], rows: NDArray[np.int64]) -> list[int]:
    """Places of the levels that are spelt like a commoner one but for case, spaces, accents or one letter.

    Levels that no row carries do not count. One letter is forgiven only in long words without digits, and only where
    the slip is much rarer; so codes such as E11.1 and E11.2 stay apart.
    """
    groups: dict[str, list[int]] = defaultdict(list)
    for place in sorted(range(len(levels)), key=lambda at: -int(rows[at])):
        if rows[place]:
            groups[_kept_signs(levels[place]) + folded(levels[place])].append(place)
    found = [place for group in groups.values() for place in group[1:]]
    heads = [group[0] for group in groups.values()]
    weight = {group[0]: int(rows[group].sum()) for group in groups.values()}
    return sorted(found + _slips([(folded(levels[head]), head) for head in heads], weight))


def _kept_signs(level: str) -> str:
    """Signs that make a difference: ``<5`` is not ``5``, and ``+`` is not ``-``."""
    meant = any(letter.isdigit() for letter in level) or len(level) <= _SHORT
    return "".join(sorted(set(level.replace("–", "-")) & set("<>≤≥=+-±*"))) if meant else ""


def _slips(spelt: list[tuple[str, int]], weight: dict[int, int]) -> list[int]:
    """Places of the rarer of two spellings that are one letter apart."""
    near: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for text, place in spelt:
        if _LONG <= len(text) <= _LONGEST and not any(letter.isdigit() for letter in text):
            for shorter in _shortened(text):
                near[shorter].append((text, place))
    found = set()
    for candidates in near.values():
        if len(candidates) < 2:
            continue
        commonest, head = max(candidates, key=lambda pair: weight[pair[1]])
        for text, place in candidates:
            if weight[place] <= _RARER * weight[head] and _one_letter_apart(text, commonest):
                found.add(place)
    return list(found)


def _shortened(text: str) -> Iterator[str]:
    """The text, and the text without each one of its letters: texts one edit apart share one of these."""
    yield text
    yield from {text[:at] + text[at + 1 :] for at in range(len(text))}


def _one_letter_apart(one: str, other: str) -> bool:
    """Whether two texts differ by one letter, within a word long enough, and not by a change of its ending's number."""
    first, second = one.split(), other.split()
    if len(first) != len(second):
        return one.replace(" ", "") == other.replace(" ", "")
    differ = [(a, b) for a, b in zip(first, second, strict=True) if a != b]
    if len(differ) != 1 or min(map(len, differ[0])) < _LONG - 1 or max(map(len, differ[0])) < _LONG:
        return False
    a, b = sorted(differ[0], key=len)
    if len(a) == len(b):
        wrong = [place for place in range(len(a)) if a[place] != b[place]]
        swapped = (
            len(wrong) == 2 and wrong[1] == wrong[0] + 1 and a[wrong[0]] == b[wrong[1]] and a[wrong[1]] == b[wrong[0]]
        )
        return len(wrong) == 1 or swapped
    return len(b) == len(a) + 1 and any(b[:at] + b[at + 1 :] == a for at in range(len(b)))
