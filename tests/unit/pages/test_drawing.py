"""Scales and the parts of drawings."""

from __future__ import annotations

import numpy as np
import pytest

from cohortium.pages import svg
from cohortium.pages.scale import Scale, round_step
from cohortium.pages.svg import shortened, width_of


def test_a_long_name_keeps_its_start_and_its_end() -> None:
    cut = shortened("Linksventrikuläre Ejektionsfraktion bei Entlassung", 120)
    assert cut.startswith("Links") and cut.endswith("assung") and "…" in cut
    assert width_of(cut) <= 120


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-3.2, 7.9), (14000, 19000), (0, 0.0007)])
def test_ticks_are_round_numbers_within_the_scale(low: float, high: float) -> None:
    ticks = Scale(low, high, 0, 100).ticks(5)
    assert 3 <= len(ticks) <= 8
    assert all(low - 1e-9 <= tick <= high + 1e-9 for tick in ticks)
    steps = np.diff(ticks)
    assert np.allclose(steps, steps[0])


def test_a_step_without_a_length_has_no_round_number() -> None:
    assert [round_step(raw) for raw in (0.0, float("inf"), 0.3, 21, 26)] == [0.0, 0.0, 0.5, 25, 50]
    assert Scale(3, 3, 0, 100).ticks() == [3]


def test_coordinates_are_short_and_texts_are_escaped() -> None:
    assert [svg.short(value) for value in (-0.04, 2.0, 2.26, -7.5)] == ["0", "2", "2.3", "-7.5"]
    assert svg.words(1, 2, "a<b", anchor="end") == '<text class="label" x="1" y="2" text-anchor="end">a&lt;b</text>'
    assert svg.line(0, 1, 2, 3, "axis") == '<path class="axis" d="M0 1L2 3"/>'
    assert svg.box(0, 1, 2, 3) == "M0 1h2v3h-2z"
