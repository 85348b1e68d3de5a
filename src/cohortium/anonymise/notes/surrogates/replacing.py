"""One patient's notes with every span replaced: by a surrogate, or by a mask that says what stood there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from cohortium.anonymise.notes.folding import WORD, folded_word
from cohortium.anonymise.notes.known_patient import KnownPatient
from cohortium.anonymise.notes.language import language
from cohortium.anonymise.notes.recognisers.dates import read_date
from cohortium.anonymise.notes.span import Span
from cohortium.anonymise.notes.surrogates.names import NameSurrogates
from cohortium.anonymise.notes.surrogates.shapes import same_shape
from cohortium.anonymise.notes.vocabulary import GROUP_OF, NAMES, NUMBERS, Type
from cohortium.anonymise.pseudonyms import KeyRing

KEPT = frozenset({Type.SEX, Type.RELATIVE, Type.COUNTRY, Type.OTHER})
"""Found, counted, and left as they are unless asked for: they say much for research and little about who it is."""
MODES = ("surrogate", "mask", "redact")
OLDEST = 89
REDACTED = "█████"


@dataclass(frozen=True, slots=True)
class Replacing:
    """How spans are replaced.

    mode : "surrogate" (what could have stood there), "mask" ("[NAME]"), "redact" (a black bar).
    keep : types that stay; ages of up to 89 years always stay.
    """

    code: str
    keys: KeyRing
    mode: str = "surrogate"
    keep: frozenset[Type] = field(default=KEPT)

    def notes(
        self, patient: str, texts: Sequence[str], spans: Sequence[Sequence[Span]], known: KnownPatient | None = None
    ) -> list[str]:
        """The texts of one patient with their spans replaced, alike in all of them."""
        names = NameSurrogates(self.code, self.keys, patient, _words_of(texts, spans, known))
        for text, found in zip(texts, spans, strict=True):
            for span in found:
                if span.type in NAMES:
                    names.learn(text[span.start : span.end])
        return [self._one(patient, text, found, names) for text, found in zip(texts, spans, strict=True)]

    def is_kept(self, text: str, span: Span) -> bool:
        """Whether what the span holds stays in the note."""
        if span.type is Type.AGE:
            return not any(int(number) > OLDEST for number in re.findall(r"\d+", text[span.start : span.end]))
        return span.type in self.keep and not span.rule.startswith("known")

    def _one(self, patient: str, text: str, spans: Sequence[Span], names: NameSurrogates) -> str:
        pieces, place = [], 0
        for span in spans:
            if self.is_kept(text, span):
                continue
            pieces += [text[place : span.start], self._instead(patient, text[span.start : span.end], span, names)]
            place = span.end
        return "".join([*pieces, text[place:]])

    def _instead(self, patient: str, old: str, span: Span, names: NameSurrogates) -> str:
        if self.mode == "redact":
            return REDACTED
        if self.mode == "mask" or span.type in (Type.PROFESSION, Type.OTHER):
            return f"[{GROUP_OF[span.type]}]"
        if span.type is Type.AGE:
            return language(self.code).over_89
        if span.type in NAMES:
            return names.of(old)
        if span.type is Type.DATE:
            written = read_date(old, self.code)
            return (
                f"[{GROUP_OF[span.type]}]"
                if written is None
                else written.shifted(self.keys.shift_days(patient), self.code)
            )
        return self._thing(old, span.type, names)

    def _thing(self, old: str, kind: Type, names: NameSurrogates) -> str:
        if kind in NUMBERS or kind in (Type.PHONE, Type.FAX):
            return same_shape(old, kind.value, self.keys)
        if kind is Type.EMAIL:
            return same_shape(old.split("@", 1)[0], kind.value, self.keys).strip() + "@example.org"
        if kind is Type.URL:
            return "www.example.org/" + self.keys.pseudonym("notes/url", old, length=8)
        if kind is Type.PLACE and any(c.isdecimal() for c in old):
            return same_shape(old, kind.value, self.keys)
        return self._listed(old, kind, names)

    def _listed(self, old: str, kind: Type, names: NameSurrogates) -> str:
        """A place or organisation that does not exist, from the language's list; house numbers are drawn anew."""
        words = language(self.code)
        choices = {Type.STREET: words.streets, Type.PLACE: words.towns, Type.HOSPITAL: words.hospitals}.get(
            kind, words.institutions
        )
        choices = words.countries if kind is Type.COUNTRY else choices
        plain = " ".join(folded_word(word) for word in WORD.findall(old))
        start = self.keys.number(f"notes/{kind}", plain, len(choices))
        order = [*choices[start:], *choices[:start]]
        new = next((one for one in order if names.is_free(one)), order[0])
        if kind is not Type.STREET or not any(c.isdecimal() for c in old):
            return new
        number = str(1 + self.keys.number("notes/house", old, 98))
        before = self.code in ("en", "fr")
        return f"{number} {new}" if before else f"{new} {number}"


def _words_of(texts: Sequence[str], spans: Sequence[Sequence[Span]], known: KnownPatient | None) -> Iterable[str]:
    """Words of names that stand in the notes or in the record, none of which may be anybody's surrogate."""
    for text, found in zip(texts, spans, strict=True):
        for span in found:
            if span.type in NAMES:
                yield from WORD.findall(text[span.start : span.end])
    for name in () if known is None else (*known.names, *known.addresses):
        yield from WORD.findall(name)
