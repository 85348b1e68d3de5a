"""Diseases, signs, scores, operations and devices that bear a person's name, which are not names of persons."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources

from cohortium.anonymise.notes.folding import folded, folded_word

_WORDS_BEFORE = re.compile(r"([^\W\d_]+)['’]?\s+(?:de\s+|di\s+|d['’]|van\s+|von\s+|des\s+|del\s+|della\s+|la\s+)*$")
_WORD_AFTER = re.compile(r"(?:['’]?s)?[\s\-]+([^\W\d_]+)")
_WORD = re.compile(r"[^\W\d_]+")


@cache
def _lists() -> tuple[frozenset[str], frozenset[str]]:
    text = resources.files("cohortium.anonymise.notes").joinpath("lexicon/eponyms.txt").read_text("utf-8")
    names, nouns = text.split("---\n")
    return frozenset(folded(names).split()), frozenset(folded(nouns).split())


def is_known_eponym(word: str) -> bool:
    """Whether a disease, sign or device is named after a person of this name."""
    return folded_word(word) in _lists()[0]


def is_eponym(text: str, start: int, end: int, *, titled: bool = False) -> bool:
    """Whether ``text[start:end]`` is the name in a medical term ("Parkinson's disease", "sonda de Foley").

    titled : a title such as "Dr." stands before; then only a noun beside it (disease, sign, score) makes it a term.
    """
    names, nouns = _lists()
    words = [folded_word(word) for word in _WORD.findall(text[start:end])]
    if not words:
        return False
    before = _WORDS_BEFORE.search(text[max(0, start - 40) : start])
    after = _WORD_AFTER.match(text[end : end + 30])
    is_beside = (
        words[-1] in nouns
        or (before is not None and folded_word(before.group(1)) in nouns)
        or (after is not None and folded_word(after.group(1)) in nouns)
    )
    known = all(word in names or word in nouns or len(word) < 3 for word in words)
    return is_beside and (known or len(words) == 1) if titled else known or (is_beside and len(words) == 1)
