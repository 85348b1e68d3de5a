"""A stretch of text that identifies someone, and how stretches that overlap become one reading."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from cohortium.anonymise.notes.vocabulary import Type
from cohortium.errors import InvalidRequest


@dataclass(frozen=True, slots=True)
class Span:
    """``text[start:end]`` identifies someone.

    score : how sure the rule is, 0 to 1.
    rule  : which one found it ("known name", "date, written out", "tagger" ...).
    """

    start: int
    end: int
    type: Type
    score: float
    rule: str

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end:
            raise InvalidRequest(f"A span of text needs 0 <= start < end, not {self.start} and {self.end}.")

    def __len__(self) -> int:
        return self.end - self.start


def merged(text: str, spans: Iterable[Span]) -> tuple[Span, ...]:
    """Spans in order that do not overlap and cover every letter and digit that the given ones covered.

    Where two overlap, the surer one (the longer, where both are as sure) keeps its bounds; what the other one covered
    beyond them becomes a span of its own, unless only blanks and punctuation are left of it.
    """
    taken = bytearray(len(text))
    kept: list[Span] = []
    for span in sorted(spans, key=lambda one: (-one.score, -len(one), one.start, one.type)):
        for start, end in _free(taken, span.start, span.end):
            trimmed = _trimmed(text, start, end)
            if trimmed is not None:
                whole = (start, end) == (span.start, span.end)
                kept.append(span if whole else replace(span, start=trimmed[0], end=trimmed[1]))
                taken[start:end] = b"\x01" * (end - start)
    return tuple(sorted(kept, key=lambda one: one.start))


def _free(taken: bytearray, start: int, end: int) -> Iterator[tuple[int, int]]:
    place = start
    while place < end:
        begin = taken.find(0, place, end)
        if begin < 0:
            return
        stop = taken.find(1, begin, end)
        place = end if stop < 0 else stop
        yield begin, place


def _trimmed(text: str, start: int, end: int) -> tuple[int, int] | None:
    while start < end and not text[start].isalnum():
        start += 1
    while end > start and not text[end - 1].isalnum():
        end -= 1
    return (start, end) if end > start else None
