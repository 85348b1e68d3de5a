"""Words of a patient's names, recognised in a text though one letter is wrong, joined or shortened."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from cohortium.anonymise.notes.eponyms import is_known_eponym
from cohortium.anonymise.notes.folding import WORD, folded

FORGIVING = 5
"""Words of this many letters may have one wrong, missing, added, or two swapped."""


@dataclass(frozen=True, slots=True)
class NearWords:
    """Folded words of names, and what may be mistaken for them.

    exact    : the words, and neighbours joined into one ("annemarie").
    near     : words with one letter taken out, to the words that they came from.
    ordinary : names that are everyday words too; they count only with a capital.
    dotted   : pattern of the patient's initials in full ("E. R. B."), None where there is but one name.
    """

    exact: frozenset[str]
    near: dict[str, frozenset[str]]
    ordinary: frozenset[str]
    initials: frozenset[str]
    dotted: re.Pattern[str] | None

    @classmethod
    def of(cls, names: Iterable[str], *, ordinary: Iterable[str], particles: Iterable[str]) -> NearWords:
        """The words of ``names``; particles ("de", "van") are not names."""
        small = frozenset(folded(word) for word in particles)
        lists = [[word for word in WORD.findall(folded(name)) if word not in small] for name in names]
        words = frozenset(word for one in lists for word in one if len(word) > 1)
        joined = frozenset(a + b for one in lists for a, b in pairwise(one) if len(a + b) > 4)
        near: dict[str, set[str]] = {}
        for word in words | joined:
            for shorter in _shorter(word) if len(word) >= FORGIVING else ():
                near.setdefault(shorter, set()).add(word)
        letters = [word[0] for one in lists for word in one]
        dotted = r"\.[ ]?".join(letter.upper() for letter in letters) + r"\."
        return cls(
            words | joined,
            {shorter: frozenset(sources) for shorter, sources in near.items()},
            frozenset(folded(word) for word in ordinary),
            frozenset(letters),
            re.compile(rf"(?<!\w){dotted}") if len(letters) > 1 else None,
        )

    def has(self, word: str, written: str) -> bool:
        """Whether a folded word is one of the names, or one letter away; written : as the text has it."""
        if word in self.exact:
            return written[0].isupper() or word not in self.ordinary
        if len(word) < FORGIVING - 1 or not written[0].isupper() or word in self.ordinary or is_known_eponym(word):
            return False
        sources = self.near.get(word, frozenset()).union(*(self.near.get(part, ()) for part in _shorter(word)))
        longer = {part for part in _shorter(word) if part in self.exact and len(part) >= FORGIVING}
        return bool(longer) or any(_is_one_away(word, source) for source in sources)


def _shorter(word: str) -> set[str]:
    return {word[:place] + word[place + 1 :] for place in range(len(word))}


def _is_one_away(one: str, other: str) -> bool:
    if abs(len(one) - len(other)) == 1:
        longer, shorter = (one, other) if len(one) > len(other) else (other, one)
        return shorter in _shorter(longer)
    different = [place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b]
    if len(one) != len(other) or len(different) > 2:
        return False
    if len(different) <= 1:
        return True
    first, second = different
    return second == first + 1 and one[first] == other[second] and one[second] == other[first]
