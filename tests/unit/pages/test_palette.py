"""Every colour that carries text or a mark can be told from its ground."""

from __future__ import annotations

import pytest

from cohortium.evaluate.report import palette


def test_contrast_matches_the_published_extremes() -> None:
    assert palette.contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert palette.contrast("#777777", "#ffffff") == pytest.approx(4.478, abs=0.001)  # the known near miss of AA


@pytest.mark.parametrize("colours", [palette.LIGHT, palette.DARK], ids=["light", "dark"])
def test_text_meets_aa(colours: dict[str, str]) -> None:
    weak = {pair: palette.contrast(colours[pair[0]], colours[pair[1]]) for pair in palette.TEXT_PAIRS}
    assert {pair: ratio for pair, ratio in weak.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("colours", [palette.LIGHT, palette.DARK], ids=["light", "dark"])
def test_marks_meet_three_to_one(colours: dict[str, str]) -> None:
    weak = {pair: palette.contrast(colours[pair[0]], colours[pair[1]]) for pair in palette.MARK_PAIRS}
    assert {pair: ratio for pair, ratio in weak.items() if ratio < 3.0} == {}


def test_both_themes_name_the_same_colours() -> None:
    assert list(palette.LIGHT) == list(palette.DARK)
