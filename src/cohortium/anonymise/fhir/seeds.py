"""Words that point at known people: their names, identifiers, telephone numbers and addresses, found in any text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from cohortium.anonymise.fhir.forms import listed, objects, text_of

MARK = "[removed]"
_WORD = re.compile(r"[^\W_]+")
_ANSWERED = 1 << 17
Words = tuple[str, ...]


def words_of(text: str) -> Words:
    """Its words in small letters; "O'Reilly" is two."""
    return tuple(found[0].lower() for found in _WORD.finditer(text))


@lru_cache(maxsize=_ANSWERED)
def _word_set(text: str) -> frozenset[str]:
    return frozenset(words_of(text))


class Seeds:
    """Sequences of words that single out a person wherever they stand together."""

    def __init__(self) -> None:
        self._by_first: dict[str, set[Words]] = {}
        self.count = 0
        self.found = lru_cache(maxsize=_ANSWERED)(self._found)

    def add(self, text: str) -> None:
        """Take a name, identifier, telephone number or line of an address; short ones would be found by chance."""
        words = words_of(text)
        if sum(map(len, words)) >= 6 or (len(words) == 1 and len(words[0]) >= 5):
            known = self._by_first.setdefault(words[0], set())
            self.count += words not in known
            known.add(words)

    def _found(self, text: str) -> tuple[tuple[int, int], ...]:
        """Where known sequences lie in a text: start and end in characters."""
        places = [(found.start(), found.end(), found[0].lower()) for found in _WORD.finditer(text)]
        words = [word for _, _, word in places]
        hits = []
        for at, word in enumerate(words):
            for known in self._by_first.get(word, ()):
                if tuple(words[at : at + len(known)]) == known:
                    hits.append((places[at][0], places[at + len(known) - 1][1]))
        return tuple(hits)


def own_words_in(text: str, own: frozenset[str]) -> Iterator[tuple[int, int]]:
    """Where words of a patient's own name lie in a text; two letters count only with a capital ("Li", not "li")."""
    if own.isdisjoint(_word_set(text)):
        return
    for found in _WORD.finditer(text):
        word = found[0]
        if word.lower() in own and (len(word) > 2 or word[0].isupper()):
            yield found.start(), found.end()


def without(text: str, places: Iterable[tuple[int, int]]) -> str:
    """The text with a mark in these places."""
    pieces, at = [], 0
    for start, end in sorted(places):
        if end > at:
            pieces += [text[at : max(at, start)], MARK] if start >= at else []
            at = end
    return "".join([*pieces, text[at:]])


def names_of(resource: dict[str, Any]) -> tuple[list[str], frozenset[str]]:
    """Of a person's resource: full names in both orders, and the single words of names."""
    whole, single = [], set()
    for name in objects(resource.get("name")):
        given = [part for part in listed(name.get("given")) if isinstance(part, str)]
        family = text_of(name.get("family"))
        whole += [f"{first} {family}" for first in given if family] + [f"{family} {first}" for first in given if family]
        single |= {word for part in (*given, family) for word in words_of(part) if len(word) > 1}
        if isinstance(name.get("text"), str):
            whole.append(name["text"])
    return whole, frozenset(single)


def details_of(resource: dict[str, Any]) -> list[str]:
    """Of a person's resource: identifiers, telephone numbers and mail addresses, lines of addresses."""
    found = [one.get("value") for one in (*objects(resource.get("identifier")), *objects(resource.get("telecom")))]
    for address in objects(resource.get("address")):
        found += [*listed(address.get("line")), address.get("text")]
    return [text for text in found if isinstance(text, str)]
