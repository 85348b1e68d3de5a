"""Ways to reach a person: telephone, fax, e-mail and web addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cohortium.anonymise.notes.span import Span
from cohortium.anonymise.notes.vocabulary import Type

EMAIL = re.compile(r"(?<!\w)(?!(?i:(?:e-?)?mail)\.)\w[\w.+\-]*\s?@\s?(?:[\w\-]+\.)+[A-Za-z]{2,}", re.UNICODE)
URL = re.compile(
    r"(?:https?://|www\.)[^\s<>\"')\]]*[\w/]|\b[a-z][\w-]+\.(?:com|org|net|eu|es|fr|de|it|nl|co\.uk|nhs\.uk)\b(?:/[\w./-]*\w)?"
)
_DIGITS = r"\+?(?:\(\d{1,5}\)\s?|\d)[\d ./\-]{4,18}\d(?:\s?(?i:x|ext\.?)\s?\d{1,5})?"
_LABELLED = re.compile(
    r"(?i:(?P<fax>\bfax|telefax)|\b(?:tel|tele?f|tfn?o|tf|tlf|tel[ée]fono|t[ée]l[ée]phone|telefon(?:o|nummer)?|phone|"
    r"ph|mobile|cell|m[óo]vil|portable|handy|mobil|cellulare|cell|gsm|contact(?: number)?|call|pager|"
    r"bleep|joignables? au|fixe|rufnummer))"
    rf"\s?\.?\s?(?:(?i:n[ºo°r]|no|number|/fax)\.?)?\s?[:.]?\s?(?P<number>{_DIGITS})"
)
_INTERNATIONAL = re.compile(
    r"(?<![\w+])(?:\+|00)\d{1,3}[ .\-/]?(?:\(0\)\s?)?(?:\(?\d{1,5}\)?[ .\-/]?){2,5}\d{2,}(?!\d)"
)
_NATIONAL: dict[str, tuple[tuple[re.Pattern[str], float], ...]] = {
    code: tuple((re.compile(rf"(?<![\w.,/\-+]){pattern}(?![\w]|[.,/-]\d)"), score) for pattern, score in patterns)
    for code, patterns in {
        "es": ((r"[6789]\d{2}[ .\-]\d{3}[ .\-]\d{3}", 0.85), (r"[6789]\d[ .\-]?\d{3}[ .\-]\d{2}[ .\-]\d{2}", 0.85),
               (r"[6789]\d{2}[ .\-]\d{2}[ .\-]\d{2}[ .\-]\d{2}", 0.85), (r"[6789]\d{8}", 0.45)),
        "en": ((r"\(?\d{3}\)?[ .\-]\d{3}[ .\-]\d{4}(?:\s?x\d{1,5})?", 0.9),
               (r"\(?0\d{2,4}\)?[ \-]?\d{3,4}[ \-]?\d{3,4}", 0.9),
               (r"\d{3}-\d{4}", 0.6), (r"0\d{9,10}", 0.8)),
        "fr": ((r"0[1-9](?:[ .\-]?\d{2}){4}", 0.9), (r"0\d[ .\-]\d{4}[ .\-]\d{4}", 0.85)),
        "de": ((r"\(?0\d{2,5}\)?\s?[/\- ]\s?\d{3,}(?:[ \-]?\d+)*", 0.8), (r"0\d{9,12}", 0.6)),
        "it": ((r"0\d{1,3}[ .\-/]\d{3,4}[ .\-]?\d{3,5}", 0.85), (r"3\d{2}[ .\-]\d{3}[ .\-]?\d{3,4}", 0.85),
               (r"[03]\d{8,10}", 0.5)),
        "nl": ((r"0\d{1,3}[ \-]\d{3}[ ]?\d{2,4}(?:[ ]?\d{2})?", 0.85),
               (r"06[ \-]?\d{2}[ ]?\d{2}[ ]?\d{2}[ ]?\d{2}", 0.9),
               (r"0\d{9}", 0.7)),
    }.items()
}  # fmt: skip


def contacts(text: str, code: str) -> Iterator[Span]:
    """Every telephone and fax number, e-mail and web address."""
    for match in EMAIL.finditer(text) if "@" in text else ():
        yield Span(match.start(), match.end(), Type.EMAIL, 0.99, "e-mail")
    for match in URL.finditer(text):
        if text[match.start() - 1 : match.start()] != "@":
            yield Span(match.start(), match.end(), Type.URL, 0.92, "web address")
    for match in _LABELLED.finditer(text):
        kind = Type.FAX if match.group("fax") else Type.PHONE
        yield Span(match.start("number"), match.end("number"), kind, 0.95, "telephone after its name")
    for match in _INTERNATIONAL.finditer(text):
        yield Span(match.start(), match.end(), Type.PHONE, 0.93, "telephone with country")
    for pattern, score in _NATIONAL[code]:
        for match in pattern.finditer(text):
            yield Span(match.start(), match.end(), Type.PHONE, score, "telephone")
