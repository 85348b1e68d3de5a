from __future__ import annotations

from itertools import pairwise

import pytest
from tests.unit.anonymise.notes.written import NOTES

from cohortium.anonymise.notes import KnownPatient, find, finder
from cohortium.errors import InvalidRequest


def hidden(text: str, code: str, known: KnownPatient | None = None) -> str:
    signs = list(text)
    for span in find(text, code, known):
        signs[span.start : span.end] = "_" * len(span)
    return "".join(signs)


@pytest.mark.parametrize("code", NOTES)
def test_a_note_gives_up_its_identifiers_and_keeps_its_medicine(code: str) -> None:
    text, secrets = NOTES[code]
    left = hidden(text, code)
    assert not [secret for secret in secrets if secret in left], left
    assert "500 mg" in left
    assert "Crohn" in left or "Parkinson" in left


@pytest.mark.parametrize("code", NOTES)
def test_spans_do_not_overlap_and_have_scores(code: str) -> None:
    spans = find(NOTES[code][0], code)
    assert all(one.end <= other.start for one, other in pairwise(spans))
    assert all(0 <= span.score <= 1 for span in spans)


def test_the_record_finds_what_nothing_else_would() -> None:
    text = "today xqwelmar felt better and then xqwelmar slept."
    assert hidden(text, "en") == text
    assert "elm" not in hidden(text, "en", KnownPatient(names=("Xqwelmar",)))


@pytest.mark.parametrize("text", ["", " ", "\n\n", "...", "\x00", "🙂", "a" * 5000])
def test_odd_texts_do_no_harm(text: str) -> None:
    assert isinstance(find(text, "en"), tuple)


def test_an_unknown_language_is_named() -> None:
    with pytest.raises(InvalidRequest, match="en, es, de"):
        finder("xx")
