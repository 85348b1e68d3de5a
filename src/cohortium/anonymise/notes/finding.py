"""Every stretch of a note that may identify someone: known identifiers, rules and the tagger, in one reading."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cohortium.anonymise.notes.eponyms import is_eponym
from cohortium.anonymise.notes.folding import WORD, folded, folded_word
from cohortium.anonymise.notes.known_patient import KnownPatient
from cohortium.anonymise.notes.language import language
from cohortium.anonymise.notes.recognisers import recognised
from cohortium.anonymise.notes.span import Span, merged
from cohortium.anonymise.notes.tagger.tagger import Tagger, shipped
from cohortium.anonymise.notes.tokens import tokens
from cohortium.anonymise.notes.vocabulary import NAMES, Type
from cohortium.anonymise.notes.whole_names import whole_names

SURE = {"es": 0.88}
"""Rules from this score on count by themselves; what is less sure only advises the tagger."""
SURE_ELSEWHERE = 0.79
"""The same where the tagger has learnt from written notes alone, so that rules must carry more."""
CAUTION = 1.0
"""Taken off the tagger's score of "outside", chosen on a part of the training notes: recall for a little precision."""
TAGGER_RANK = 0.9
"""Where the tagger and a rule overlap, rules above this keep their bounds; else the tagger's hold."""


@dataclass(frozen=True, slots=True)
class Finder:
    """Finds spans in notes of one language, by the rules and a tagger."""

    code: str
    tagger: Tagger

    def find(self, text: str, known: KnownPatient | None = None) -> tuple[Span, ...]:
        """Spans in order that do not overlap; ``known`` is what the record knows of the note's patient."""
        return self.find_with_doubts(text, known)[0]

    def find_with_doubts(
        self, text: str, known: KnownPatient | None = None
    ) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
        """The same, and the places that were not sure enough, for a person to look at."""
        hints = recognised(text, self.code)
        certain = (
            [] if known is None else list(known.find(text, self.code, (one for one in hints if one.type is Type.DATE)))
        )
        likely, unsure = self.tagger.find(tokens(text), hints)
        tagged = whole_names(text, [_bounded(text, one) for one in likely if not _is_term(text, one)], self.code)
        named = [*tagged, *certain]
        again = _named_again(text, named, self.code)
        sure = SURE.get(self.code, SURE_ELSEWHERE)
        rules = [one for one in hints if one.score >= sure and not _touches(one, tagged)]
        ranked = (
            [(2.0, one) for one in certain]
            + [(TAGGER_RANK, one) for one in tagged]
            + [(0.5, one) for one in (*rules, *again)]
        )
        found = _merged_by_rank(text, ranked)
        return found, tuple(one for one in unsure if not _meets(one, found) and not _is_term(text, one))


def finder(code: str, tagger: Tagger | None = None) -> Finder:
    """The finder of a language, with the tagger that comes with Cohortium unless another is given.

    Raises : InvalidRequest where there is no such language.
    """
    language(code)
    chosen = tagger or shipped(code)
    chosen.caution = CAUTION
    return Finder(code, chosen)


def find(text: str, code: str, known: KnownPatient | None = None) -> tuple[Span, ...]:
    """Everything in ``text`` that may identify someone, by the rules and the tagger that come with Cohortium."""
    return finder(code).find(text, known)


def _touches(span: Span, others: Sequence[Span]) -> bool:
    """Whether one of ``others`` covers the whole of ``span``."""
    return any(one.start <= span.start and span.end <= one.end for one in others)


def _meets(span: Span, others: Sequence[Span]) -> bool:
    return any(one.start < span.end and span.start < one.end for one in others)


def _merged_by_rank(text: str, ranked: Sequence[tuple[float, Span]]) -> tuple[Span, ...]:
    scores = {id(span): span.score for _, span in ranked}
    by_place = {}
    proxies = []
    for rank, span in ranked:
        proxy = Span(span.start, span.end, span.type, rank, span.rule)
        by_place[proxy] = scores[id(span)]
        proxies.append(proxy)
    found = merged(text, proxies)
    return tuple(Span(one.start, one.end, one.type, _score(one, by_place), one.rule) for one in found)


def _score(span: Span, scores: dict[Span, float]) -> float:
    whole = scores.get(span)
    if whole is not None:
        return whole
    return max(
        (
            score
            for one, score in scores.items()
            if one.rule == span.rule and one.start <= span.start and span.end <= one.end
        ),
        default=span.score,
    )


def _bounded(text: str, span: Span) -> Span:
    """The span without a full stop or bracket at its end that does not belong to it."""
    end = span.end
    if text[end - 1] == "." and span.type in (Type.STREET, Type.EMAIL, Type.URL, Type.DATE) and end - 1 > span.start:
        end -= 1
    return span if end == span.end else Span(span.start, end, span.type, span.score, span.rule)


def _is_term(text: str, span: Span) -> bool:
    return span.type in NAMES and is_eponym(text, span.start, span.end, titled=True)


def _named_again(text: str, spans: Sequence[Span], code: str) -> Iterator[Span]:
    """Words of names that were found in the note, where they stand again and nothing else found them."""
    ordinary = frozenset(map(folded_word, language(code).ordinary))
    words = {
        folded_word(word)
        for span in spans
        if span.type in NAMES and span.score >= 0.8
        for word in WORD.findall(text[span.start : span.end])
        if len(word) >= 4 and word[0].isupper()
    } - ordinary
    if not words:
        return
    pattern = re.compile(r"(?<![^\W_])(?:" + "|".join(map(re.escape, sorted(words))) + r")(?![^\W_])")
    for match in pattern.finditer(folded(text)):
        if text[match.start()].isupper() and not is_eponym(text, match.start(), match.end(), titled=True):
            yield Span(match.start(), match.end(), Type.PERSON, 0.75, "name found elsewhere in the note")
