"""The page on which people inside the hospital decide about doubtful places. It shows text and never leaves."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from markupsafe import Markup

from cohortium import pages

if TYPE_CHECKING:
    from cohortium.anonymise.notes import Note, NoteResult

TEMPLATES = Path(__file__).parents[1] / "templates" / "notes_review"
UNSURE = 0.7
"""Replaced spans that are less sure than this are shown, too."""
AROUND = 90
MOST = 3000


@dataclass(frozen=True, slots=True)
class Place:
    """One place to decide on, with the text around it."""

    note: str
    digest: str
    start: int
    end: int
    before: str
    what: str
    after: str
    kind: str
    score: float
    is_replaced: bool


def review_page(notes: Sequence[Note], results: Sequence[NoteResult]) -> str:
    """HTML, usable with the keyboard alone; it saves decisions as a file and asks nothing of any network."""
    places = sorted(_places(notes, results), key=lambda place: (place.is_replaced, -place.score))
    environment = pages.templates(TEMPLATES)
    script = (TEMPLATES / "review.js").read_text("utf-8").strip()
    sheet = (pages.stylesheet_colours() + "\n" + (TEMPLATES / "page.css").read_text("utf-8")).strip()
    allowed = f"style-src {_digest(sheet)}; script-src {_digest(script)}"
    policy = f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"
    return environment.get_template("review.html.j2").render(
        places=places[:MOST],
        left_out=max(0, len(places) - MOST),
        script=Markup(script),  # noqa: S704 - our own file
        sheet=Markup(sheet),  # noqa: S704 - our own file
        policy=policy,
    )


def _places(notes: Sequence[Note], results: Sequence[NoteResult]) -> Iterator[Place]:
    from cohortium.anonymise.notes import digest_of

    for note, result in zip(notes, results, strict=True):
        digest = digest_of(note.text)
        unsure = [span for span in result.replaced if span.rule == "tagger" and span.score < UNSURE]
        for span, is_replaced in [*((one, False) for one in result.doubts), *((one, True) for one in unsure)]:
            before, after = note.text[max(0, span.start - AROUND) : span.start], note.text[span.end : span.end + AROUND]
            yield Place(note.name, digest, span.start, span.end, before, note.text[span.start : span.end], after,
                        str(span.type), span.score, is_replaced)  # fmt: skip


def _digest(text: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"
