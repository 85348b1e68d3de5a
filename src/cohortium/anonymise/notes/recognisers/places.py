"""Where people live and are treated: streets, postcodes, towns, countries, hospitals, schools and others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from cohortium.anonymise.notes.language import Language, language
from cohortium.anonymise.notes.span import Span
from cohortium.anonymise.notes.vocabulary import Type

CAPITAL = r"[A-ZÀ-ÖØ-Þ][\w'’.\-]*\w|[A-ZÀ-ÖØ-Þ]\.?"
_NUMBER = (
    r"(?:\s?,?\s?(?:n[ºo°]\.?\s?|núm\.?\s?|nr\.?\s?)?\d{1,4}(?!\d)(?:\s?(?:bis|ter|[a-zA-Z])\b)?"
    r"(?:\s?[-/]\s?\d{1,4}[a-z]?)?|\s?,?\s?s/n|\s?,?\s?snc)"
)
_POSTCODES = {
    "es": r"(?<![\d.,/\-])(?:0[1-9]|[1-4]\d|5[0-2])\d{3}(?=\s*[,.\-]?\s*\(?[A-ZÁÉÍÓÚÑ])",
    "fr": r"(?<![\d.,/\-])(?:F-)?(?:\d{5})(?=\s+[A-ZÀ-Ý][A-Za-zà-ÿ])",
    "de": r"(?<![\d.,/\-])(?:D-|A-|CH-)?\d{4,5}(?=\s+[A-ZÄÖÜ][a-zäöüß]{2})",
    "it": r"(?<![\d.,/\-])\d{5}(?=\s+[A-Z][a-zà-ù]{2})",
    "nl": r"(?<![\d.,/\-])[1-9]\d{3}\s?[A-Z]{2}(?![\w])",
    "en": r"\b(?:[A-Z]{1,2}\d[A-Z\d]?\s?\d[ABD-HJLNP-UW-Z]{2}|(?<=[A-Z]{2}\s)\d{5}(?:-\d{4})?)\b",
}
_SCORE = {"nl": 0.85, "en": 0.9}


def _any(words: tuple[str, ...]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


@cache
def _street(code: str) -> tuple[re.Pattern[str], ...]:
    words = language(code)
    particles = _any(words.particles)
    named = (
        rf"(?:(?:{particles}|[dl]['’])\s?)*(?:{CAPITAL}|\d{{1,2}}(?=\s+de\b))"
        rf"(?:\s+(?:(?:{particles})\s+|[dl]['’])*(?:{CAPITAL}))*"
    )
    found = []
    if words.streets_before:
        kinds = _any(tuple(word for word in words.streets_before if len(word) > 1))
        leading = r"(?:\b\d{1,4}\s?(?:bis|ter|[A-Za-z])?\s?,?\s)?" if code == "fr" else ""
        found.append(rf"{leading}(?:(?i:\b(?:{kinds}))(?:\.\s*|\s+)|\b[Cc]/\s*){named}(?:{_NUMBER})?")
    if code in ("de", "nl"):
        joined = rf"\b[A-ZÄÖÜ][\w\-]*(?:{_any(words.streets_after)})\b\.?"
        apart = rf"\b(?:{CAPITAL})(?:[ -](?:{CAPITAL}))*[ -](?i:{_any(words.streets_after)})\b\.?"
        found += [rf"(?:{joined}|{apart})\s\d{{1,4}}\s?[a-zA-Z]?\b(?:\s?[-/]\s?\d{{1,4}})?"]
    elif code == "en":
        titled = tuple(word.title() for word in words.streets_after)
        after, longer = _any(titled), _any(tuple(word for word in titled if len(word) > 3))
        unit = r"(?:(?:Flat|Apt\.?|Apartment|Suite|Unit|Studio|Room|No\.)\s?#?\d*[A-Za-z]?\d*,?\s+)?"
        found.append(rf"{unit}\b\d{{1,5}}[A-Za-z]?,?\s+(?:[NSEW]\.?\s)?(?:(?:{CAPITAL})\s+){{1,4}}(?:{after})\b\.?"
                     r"(?:,?\s(?:Apt\.?|Suite|Unit|Flat)\s?#?\w+)?")  # fmt: skip
        found.append(rf"{unit}(?:\b(?:{CAPITAL})\s+){{1,3}}(?:{longer})\b(?=,)")
        found.append(r"\bP\.?\s?O\.?\s?Box\s\d+")
    return tuple(re.compile(pattern) for pattern in found)


@cache
def _organisation(code: str) -> tuple[tuple[re.Pattern[str], Type, float], ...]:
    words = language(code)
    return tuple(
        (re.compile(pattern), kind, 0.8)
        for kind, heads in (
            (Type.HOSPITAL, words.hospital_words),
            (Type.CENTRE, words.centre_words),
            (Type.INSTITUTION, words.institution_words),
        )
        for pattern in _shapes(words, heads)
    )  # fmt: skip


def _shapes(words: Language, heads: tuple[str, ...]) -> Iterator[str]:
    particles = rf"(?:(?:{_any(words.particles)})\s+|[dl]['’])*"
    titled = _any(tuple({form for head in heads for form in (head[:1].upper() + head[1:], head.title(), head.upper())}))
    tail = rf"(?:\s+{particles}(?:{CAPITAL}|12))+"
    yield rf"\b(?:{titled}){tail}"
    if words.code in ("en", "de", "nl"):
        yield rf"\b(?:(?:{CAPITAL})\s+(?:of\s+|and\s+)?){{1,5}}(?:{titled})\b"
    if words.code == "de":
        yield rf"\b[A-ZÄÖÜ][\w\-]+(?:{_any(tuple(head for head in heads if len(head) > 5))})\b(?:{tail})?"


@cache
def _countries(code: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.])(?:{_any(language(code).countries)})(?!\w)")


def places(text: str, code: str) -> Iterator[Span]:
    """Streets with numbers, postcodes, countries, and organisations by the word that says what they are."""
    for pattern in _street(code):
        for match in pattern.finditer(text):
            sure = 0.85 if any(c.isdigit() for c in match.group()) else 0.6
            yield Span(match.start(), match.end(), Type.STREET, sure, "street")
    for match in _postcode(code).finditer(text):
        yield Span(match.start(), match.end(), Type.PLACE, _SCORE.get(code, 0.7), "postcode")
    for match in _countries(code).finditer(text):
        yield Span(match.start(), match.end(), Type.COUNTRY, 0.8, "country")
    for match in _after_cue(code).finditer(text):
        yield Span(match.start("place"), match.end("place"), Type.PLACE, 0.8, "place after its cue")
    for pattern, kind, score in _organisation(code):
        for match in pattern.finditer(text):
            yield Span(match.start(), match.end(), kind, score, kind.value)


@cache
def _after_cue(code: str) -> re.Pattern[str]:
    words = language(code)
    place = rf"(?P<place>(?:{CAPITAL})(?:[ \-](?:(?:{_any(words.particles)})[ \-])*(?:{CAPITAL}))*)"
    return re.compile(rf"(?<!\w)(?i:{_any(words.place_cues)})\s+{place}")


@cache
def _postcode(code: str) -> re.Pattern[str]:
    return re.compile(_POSTCODES[code])
