"""Names replaced by others of the same language and gender; the same person has the same surrogate throughout."""

from __future__ import annotations

import re
from collections.abc import Iterable

from cohortium.anonymise.notes.folding import WORD, folded, folded_word
from cohortium.anonymise.notes.language import language, lexicon
from cohortium.anonymise.notes.surrogates.shapes import same_shape
from cohortium.anonymise.pseudonyms import KeyRing

_PART = re.compile(r"[^\W\d_]+|\d+")


class NameSurrogates:
    """New names for the words of one patient's notes.

    scope : the patient, so that a name that two patients share has two surrogates.
    taken : words that must not come out: those of the patient's own notes and record.
    """

    def __init__(self, code: str, keys: KeyRing, scope: str, taken: Iterable[str]) -> None:
        self.words = language(code)
        self.code = code
        self.keys = keys
        self.scope = scope
        self._taken = frozenset(map(folded, taken))
        self._made: dict[str, str] = {}
        self._small = frozenset(folded_word(word) for word in self.words.particles)

    def is_free(self, text: str) -> bool:
        """Whether no word of ``text`` is one that must not come out."""
        return not any(folded_word(word) in self._taken for word in WORD.findall(text) if len(word) > 3)

    def learn(self, name: str) -> None:
        """Take note of a name before any is replaced, so that initials can follow it."""
        for word in WORD.findall(name):
            if len(word) > 1 and folded_word(word) not in self._small:
                self._word(word)

    def of(self, name: str) -> str:
        """``name`` with each word and number replaced; particles, marks, capitals and the order stay."""
        return _PART.sub(lambda match: self._replaced(match.group(), name), name)

    def _replaced(self, word: str, name: str) -> str:
        if word.isdecimal():
            return same_shape(word, "name", self.keys)
        if len(word) == 1:
            return self._initial(word)
        if folded_word(word) in self._small and word.islower():
            return word
        new = self._word(word)
        return new.upper() if word.isupper() and len(name) > 3 else new.lower() if word.islower() else new

    def _word(self, word: str) -> str:
        plain = folded_word(word)
        if plain not in self._made:
            choices = self._choices(plain)
            start = self.keys.number("notes/name", f"{self.scope}\x1f{plain}", len(choices))
            order = [*choices[start:], *choices[:start]]
            used = {folded(new) for new in self._made.values()}
            free = [new for new in order if folded(new) not in self._taken and folded(new) != plain]
            self._made[plain] = next((new for new in free if folded(new) not in used), free[0] if free else order[0])
        return self._made[plain]

    def _choices(self, plain: str) -> tuple[str, ...]:
        if plain in lexicon(self.code, "female"):
            return self.words.given_female
        if plain in lexicon(self.code, "male"):
            return self.words.given_male
        return self.words.surnames

    def _initial(self, letter: str) -> str:
        plain = folded(letter)
        known = next((new for old, new in self._made.items() if old.startswith(plain)), None)
        new = known[0] if known else chr(97 + self.keys.number("notes/initial", f"{self.scope}\x1f{plain}", 26))
        return new.upper() if letter.isupper() else new.lower()
