"""Names that were found in parts, made whole: what stands between the parts, and particles with what follows them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from cohortium.anonymise.notes.folding import folded_word
from cohortium.anonymise.notes.language import LANGUAGES, language, lexicon
from cohortium.anonymise.notes.recognisers.places import CAPITAL
from cohortium.anonymise.notes.span import Span
from cohortium.anonymise.notes.vocabulary import NAMES

NOT_JOINING = frozenset(["in", "im", "am", "an", "op", "aan", "en", "sur", "sous", "la", "le", "les"])
"""Particles of place names that stand beside people's names for other reasons."""
BEFORE_SURNAMES = {
    "de": "von|van|zu",
    "nl": "van|den|der|ter|ten",
    "fr": "Le|Du",
    "it": "De|Di|Del|Della",
    "en": "van|von",
}


def whole_names(text: str, spans: Sequence[Span], code: str) -> list[Span]:
    """The same spans, names among them joined and extended."""
    whole: list[Span] = []
    for span in spans:
        last = whole[-1] if whole else None
        if (
            last is not None
            and span.type is last.type
            and span.type in NAMES
            and _between(code).fullmatch(text, last.end, span.start)
        ):
            whole[-1] = replace(last, end=span.end, score=min(last.score, span.score))
        else:
            whole.append(span)
    return [_extended(text, span, code) if span.type in NAMES else span for span in whole]


def _extended(text: str, span: Span, code: str) -> Span:
    start, end = span.start, span.end
    before = _before(code).search(text, max(0, start - 20), start)
    if before is not None:
        start = before.start()
    after = _after(code).match(text, end)
    if after is not None:
        end = after.end()
    given = re.compile(r", ([^\W\d_]{2,})").match(text, end)
    if given is not None and given.group(1)[0].isupper() and folded_word(given.group(1)) in _given():
        end = given.end()
    return span if (start, end) == (span.start, span.end) else replace(span, start=start, end=end)


@cache
def _between(code: str) -> re.Pattern[str]:
    return re.compile(rf"[ \-]*(?:(?:[A-Z]\.?|(?i:{_particles(code)}))[ \-]+)*")


@cache
def _before(code: str) -> re.Pattern[str]:
    """Initials, or particles of surnames, right before a name."""
    return re.compile(
        rf"(?<![\w.])(?:(?:[A-Z]\.[ \-]?){{1,3}}|(?:(?:{BEFORE_SURNAMES[code]}) )+)$"
        if code in BEFORE_SURNAMES
        else r"(?<![\w.])(?:[A-Z]\.[ \-]?){1,3}$"
    )


@cache
def _after(code: str) -> re.Pattern[str]:
    return re.compile(rf"(?: (?i:{_particles(code)}))+ (?:{CAPITAL})")


def _particles(code: str) -> str:
    return "|".join(word for word in language(code).particles if len(word) > 1 and word not in NOT_JOINING)


@cache
def _given() -> frozenset[str]:
    return frozenset().union(*(lexicon(code, kind) for code in LANGUAGES for kind in ("female", "male")))
