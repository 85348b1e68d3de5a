from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path

import pytest

from cohortium.anonymise.notes import Decisions, Note, NoteResult, Span, Type, digest_of
from cohortium.errors import SourceUnreadable
from cohortium.serve.anonymisation.notes_review import review_page

TEXT = "Seen with <b>Florbel</b> & friends on Monday."
DOUBT = Span(13, 20, Type.OTHER, 0.4, "tagger, in doubt")
UNSURE = Span(38, 44, Type.DATE, 0.5, "tagger")
KNOWN = Span(13, 20, Type.PATIENT, 1.0, "known name")


def page() -> str:
    return review_page([Note("n1", "p", TEXT)], [NoteResult(TEXT, (UNSURE,), (UNSURE,), (DOUBT,), 0)])


def test_the_page_shows_each_place_escaped_and_asks_nothing_of_a_network() -> None:
    html = page()
    assert "<mark>Florbel</mark>" in html
    assert "<mark>Monday</mark>" in html
    assert "&lt;b&gt;" in html
    assert "<b>" not in html
    assert not re.search(r"(?:src|href)=", html)
    assert html.count("data-start=") == 2


def test_only_its_own_script_and_sheet_may_run() -> None:
    html = page()
    for tag in ("script", "style"):
        inner = re.search(rf"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
        assert inner is not None
        digest = base64.b64encode(hashlib.sha256(inner.group(1).encode()).digest()).decode()
        assert digest in html.replace("&#43;", "+").replace("&#39;", "'")


def decisions(*answers: tuple[int, int, bool], text: str = TEXT) -> Decisions:
    return Decisions({(digest_of(text), start, end): answer for start, end, answer in answers})


def test_decisions_move_places_in_and_out() -> None:
    spans, doubts = decisions((13, 20, True), (38, 44, False)).applied(TEXT, [UNSURE], [DOUBT])
    assert [(span.start, span.rule) for span in spans] == [(13, "a person's decision")]
    assert doubts == []


def test_no_decision_lets_a_known_identifier_out() -> None:
    spans, _ = decisions((13, 20, False)).applied(TEXT, [KNOWN], [])
    assert spans == [KNOWN]


def test_decisions_about_another_text_change_nothing() -> None:
    spans, doubts = decisions((13, 20, True), text="other").applied(TEXT, [UNSURE], [DOUBT])
    assert (spans, doubts) == ([UNSURE], [DOUBT])


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        '{"decisions": [{"text": "a"}]}',
        '{"decisions": [{"text": "a", "start": 1, "end": 2, "identifies": "yes"}]}',
    ],
)
def test_files_that_are_no_decisions_are_refused(content: str, tmp_path: Path) -> None:
    (tmp_path / "d.json").write_text(content)
    with pytest.raises(SourceUnreadable, match="review page"):
        Decisions.load(tmp_path / "d.json")


def test_decisions_are_read_as_the_page_saves_them(tmp_path: Path) -> None:
    rows = [{"text": digest_of(TEXT), "start": 13, "end": 20, "identifies": True}]
    (tmp_path / "d.json").write_text(json.dumps({"decisions": rows}))
    assert Decisions.load(tmp_path / "d.json") == decisions((13, 20, True))
