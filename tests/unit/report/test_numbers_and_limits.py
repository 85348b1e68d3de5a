"""Numbers as people read them, and limits as policies word them."""

from __future__ import annotations

import math

import pytest

from cohortium.evaluate.report.limits import Limit, read_limit
from cohortium.evaluate.report.numbers import estimate, number, percent
from cohortium.records import Score


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.5118, "0.512"),
        (1.0, "1"),
        (-0.0201, "−0.020"),
        (0.00041, "0.00041"),
        (61.34, "61.3"),
        (16280.4, "16,280"),
        (0.0, "0"),
        (-0.00001, "−0.000010"),
        (None, "–"),
        (math.nan, "–"),
        (math.inf, "∞"),
    ],
)
def test_a_number_has_the_decimals_that_it_deserves(value: float | None, said: str) -> None:
    assert number(value) == said


def test_rounding_leaves_no_negative_zero() -> None:
    assert number(-0.0001, 2) == "0.00"


def test_a_score_and_its_neighbours_share_their_decimals() -> None:
    assert estimate(Score(0.5, 0.4931, 0.507, 10, 0.5)) == ("0.500", "0.493 to 0.507", "0.500")
    assert estimate(Score(3.0)) == ("3", "", "–")


@pytest.mark.parametrize(("share", "said"), [(0.0, "0 %"), (0.004, "0.4 %"), (0.0996, "10 %"), (0.37, "37 %")])
def test_percentages(share: float, said: str) -> None:
    assert percent(share) == said


@pytest.mark.parametrize(
    ("words", "limit"),
    [
        ("at most 0.53", Limit(None, 0.53)),
        ("≤ 0.53", Limit(None, 0.53)),
        ("<= 1e-3", Limit(None, 0.001)),
        ("no more than 2.5 %", Limit(None, 0.025)),
        ("at least 0.98", Limit(0.98, None)),
        ("≥ -0.01 and ≤ 0.01", Limit(-0.01, 0.01)),
        ("between 0.45 and 0.55", Limit(0.45, 0.55)),
        ("between 5 and 10 %", Limit(0.05, 0.1)),
        ("≤ 0.52 or ≤ 0.531 (real + 0.03)", Limit(None, 0.531)),
        ("at most 1,000", Limit(None, 1000.0)),
        ("as the committee sees fit", None),
        ("", None),
    ],
)
def test_limits_are_read_from_words(words: str, limit: Limit | None) -> None:
    assert read_limit(words) == limit


def test_a_limit_accepts_what_lies_within() -> None:
    assert Limit(0.45, 0.55).accepts(0.45) and not Limit(0.45, 0.55).accepts(0.56)
    assert Limit(None, 0.1).accepts(-3) and not Limit(0.1, None).accepts(0.05)
