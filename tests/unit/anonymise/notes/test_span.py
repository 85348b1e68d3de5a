from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cohortium.anonymise.notes import Span, Type, merged
from cohortium.errors import InvalidRequest

TEXT = "Ana María de la Torre, 12 Calle Mayor. " * 3


@st.composite
def some_spans(draw: st.DrawFn) -> list[Span]:
    found = []
    for _ in range(draw(st.integers(0, 12))):
        start = draw(st.integers(0, len(TEXT) - 1))
        end = draw(st.integers(start + 1, len(TEXT)))
        score = draw(st.sampled_from([0.3, 0.5, 0.9, 1.0]))
        found.append(Span(start, end, draw(st.sampled_from(list(Type))), score, "x"))
    return found


@given(some_spans())
@settings(max_examples=80, deadline=None)
def test_nothing_that_was_covered_is_lost_and_nothing_overlaps(spans: list[Span]) -> None:
    whole = merged(TEXT, spans)
    covered = {place for span in spans for place in range(span.start, span.end)}
    after = [place for span in whole for place in range(span.start, span.end)]
    assert len(after) == len(set(after))
    assert {place for place in covered if TEXT[place].isalnum()} <= set(after) <= covered
    assert list(whole) == sorted(whole, key=lambda span: span.start)


def test_the_surer_span_keeps_its_bounds_and_the_rest_stays_hidden() -> None:
    text = "Calle Mayor 12, 28036 Madrid"
    street, place = Span(0, 14, Type.STREET, 0.9, "a"), Span(6, 28, Type.PLACE, 0.5, "b")
    assert merged(text, [street, place]) == (street, Span(16, 28, Type.PLACE, 0.5, "b"))


def test_a_span_needs_text() -> None:
    with pytest.raises(InvalidRequest, match="start < end"):
        Span(3, 3, Type.DATE, 1.0, "x")
