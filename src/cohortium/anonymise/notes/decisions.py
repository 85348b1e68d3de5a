"""What a person decided about single places of notes, so that the next run follows it.

A decision is about a stretch of one text: the text is named by its digest, so a note that has changed since is not
touched by decisions that were made about it before.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cohortium.anonymise.notes.span import Span
from cohortium.anonymise.notes.vocabulary import Type
from cohortium.errors import SourceUnreadable

DECIDED = "a person's decision"


def digest_of(text: str) -> str:
    """The name by which decisions know a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:24]


@dataclass(frozen=True, slots=True)
class Decisions:
    """By text, start and end: whether the stretch identifies someone and so must be replaced."""

    identifies: dict[tuple[str, int, int], bool]

    def __len__(self) -> int:
        return len(self.identifies)

    @classmethod
    def load(cls, path: Path) -> Decisions:
        """Those that the review page saved; raises SourceUnreadable where the file is something else."""
        try:
            rows = json.loads(path.read_text("utf-8"))["decisions"]
            return cls(
                {(str(row["text"]), int(row["start"]), int(row["end"])): _answer(row["identifies"]) for row in rows}
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise SourceUnreadable(
                f"{path} cannot be read as decisions; the review page of a run saves such a file."
            ) from error

    def applied(self, text: str, spans: Sequence[Span], doubts: Sequence[Span]) -> tuple[list[Span], list[Span]]:
        """Spans to replace, and doubts that are still open.

        Identifiers that the record knows are replaced whatever was decided.
        """
        name = digest_of(text)
        decided = [(span, self.identifies.get((name, span.start, span.end))) for span in (*spans, *doubts)]
        found = frozenset(spans)
        kept = [span for span, answer in decided if answer is None and span in found]
        kept += [_confirmed(span) for span, answer in decided if answer]
        shown = {(span.start, span.end) for span, _ in decided}
        kept += [
            Span(start, end, Type.OTHER_ID, 1.0, DECIDED)
            for (digest, start, end), answer in self.identifies.items()
            if answer and digest == name and (start, end) not in shown and 0 <= start < end <= len(text)
        ]
        kept += [span for span, answer in decided if answer is False and span.rule.startswith("known")]
        return sorted(kept, key=lambda span: span.start), [
            span for span, answer in decided if answer is None and span not in found
        ]


def _confirmed(span: Span) -> Span:
    kind = Type.OTHER_ID if span.type is Type.OTHER else span.type
    return replace(span, type=kind, score=1.0, rule=DECIDED)


def _answer(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError("a decision must be true or false")
    return value
