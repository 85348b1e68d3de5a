"""Every colour that carries text or a mark can be told from its ground."""

from __future__ import annotations

import pytest

from cohortium.pages import palette


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


def test_the_style_sheet_has_every_colour_for_screen_dark_and_paper() -> None:
    sheet = palette.stylesheet_colours()
    for name in palette.LIGHT:
        assert sheet.count(f"--{name}:{palette.LIGHT[name]};") >= 2  # on screen and on paper
        assert sheet.count(f"--{name}:{palette.DARK[name]};") >= 2  # as the reader or as the system asks
