"""Drawings: what stands where, how large they are, and what they say to a screen reader."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

import numpy as np
import pytest

from cohortium.evaluate.report import charts
from cohortium.evaluate.report.charts import contours
from cohortium.evaluate.report.charts.style import NAMES
from cohortium.evaluate.report.exhibits import exhibits
from cohortium.evaluate.report.limits import Limit
from cohortium.pages import LIGHT
from cohortium.pages.svg import width_of

if TYPE_CHECKING:
    from .conftest import Release

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "<script>x</script>"


def _drawings(release: Release) -> list[str]:
    shown = [exhibit for section in exhibits(release.evidence, release.schema).values() for exhibit in section]
    cells = [cell.drawing for e in shown if e.sheet for row in e.sheet.rows for cell in row if cell.drawing]
    return [*(drawing for exhibit in shown for drawing in exhibit.drawings), *cells]


@pytest.mark.parametrize("name", ["released", "wide"])
def test_every_drawing_is_well_formed_small_and_spoken(name: str, request: pytest.FixtureRequest) -> None:
    for drawing in _drawings(request.getfixturevalue(name)):
        root = ET.fromstring(drawing)  # noqa: S314 - our own
        assert len(drawing.encode()) < 30_000, root.findtext(f"{SVG}title")
        assert root.findtext(f"{SVG}title")
        assert "nan" not in drawing and "inf" not in re.sub(r"<(title|desc|text).*?</\1>", "", drawing)


@pytest.mark.parametrize("name", ["released", "refused", "wide"])
def test_texts_stay_on_their_drawing(name: str, request: pytest.FixtureRequest) -> None:
    for drawing in _drawings(request.getfixturevalue(name)):
        root = ET.fromstring(drawing)  # noqa: S314 - our own
        wide = float(root.get("viewBox", "").split()[2])
        for text in root.iter(f"{SVG}text"):
            size = {"small": 10, "tick": 11, "note": 11}.get(text.get("class", ""), 12)
            x, long = float(text.get("x", "0")), width_of(text.text or "", size)
            start = x - {"middle": long / 2, "end": long}.get(text.get("text-anchor", ""), 0)
            if text.get("class") != "note":
                assert start >= -6 and start + long <= wide + 6, text.text


def test_every_class_has_a_rule_and_every_colour_exists() -> None:
    sheet = charts.style(LIGHT.__getitem__, "serif")
    assert set(NAMES) <= set(LIGHT)
    known = set(re.findall(r"\.chart \.([a-z-]+)", sheet)) | set(re.findall(r",\.chart \.([a-z-]+)", sheet))
    used = {
        "real",
        "synthetic",
        "real-line",
        "synthetic-line",
        "holdout-line",
        "zone",
        "limit",
        "plus",
        "minus",
        "first",
    }
    assert used <= known


def test_a_histogram_is_a_density_so_that_unequal_bins_do_not_lie() -> None:
    # The same density in a bin twice as wide holds twice the persons and must be drawn equally high.
    drawing = charts.histogram("x", [0, 1, 3], [10, 20], [10, 20])
    bars = re.search(r'class="real" d="([^"]+)"', drawing)
    assert bars is not None
    heights = [float(height) for height in re.findall(r"v([\d.]+)h-", bars[1])]
    assert len(heights) == 2 and heights[0] == pytest.approx(heights[1], abs=0.11)


def test_rare_levels_are_drawn_together() -> None:
    labels = [f"L{number}" for number in range(12)]
    root = ET.fromstring(charts.levels("x", labels, range(12, 0, -1), range(12, 0, -1)))  # noqa: S314
    assert "7 others" in [text.text for text in root.iter(f"{SVG}text")]


def test_distance_is_total_variation() -> None:
    assert charts.distance([1, 1], [2, 2]) == 0
    assert charts.distance([1, 0], [0, 5]) == 1
    assert charts.distance([3, 1], [1, 3]) == pytest.approx(0.5)
    assert charts.distance([0, 0], [0, 0]) == 0


def test_a_contour_around_a_disc_has_the_discs_radius() -> None:
    x, y = np.meshgrid(np.arange(40) + 0.5, np.arange(40) + 0.5, indexing="ij")
    cone = np.maximum(0, 15 - np.hypot(x - 20, y - 20))
    segments = contours.contour(cone, 5.0)
    radii = [np.hypot(a - 20, b - 20) for segment in segments for a, b in segment]
    assert len(segments) > 30
    assert np.allclose(radii, 10, atol=0.15)
    # A closed line: every end is met by another segment's end.
    ends = [(round(a, 6), round(b, 6)) for segment in segments for a, b in segment]
    assert all(ends.count(end) == 2 for end in set(ends))


def test_the_level_holding_half_of_the_mass_holds_half_of_it() -> None:
    density = contours.smoothed(np.histogram2d(*np.random.default_rng(1).normal(size=(2, 20_000)), bins=40)[0])
    level = contours.level_holding(density, 0.5)
    assert density[density >= level].sum() / density.sum() == pytest.approx(0.5, abs=0.02)


def test_an_empty_cloud_can_be_drawn() -> None:
    assert "<svg" in charts.pca([0, 1, 2], [0, 1, 2], [[0, 0], [0, 0]], [[0, 0], [0, 0]])


def test_a_failing_value_has_another_shape_than_a_passing_one() -> None:
    drawn = {tone: charts.interval("x", 0.5, 0.4, 0.6, 0.5, Limit(None, 0.7), tone) for tone in ("pass", "fail")}
    assert "<circle" in drawn["pass"] and "<circle" not in drawn["fail"]


def test_all_rules_share_the_line_of_their_limit() -> None:
    rules = [
        charts.Rule("Privacy", "kept", 0.5, 0.4, 0.6, 0.1, True, "0.5 (limit 1)"),
        charts.Rule("Privacy", "broken", 1.5, 1.4, 1.6, None, False, "1.5 (limit 1)"),
        charts.Rule("Privacy", "far beyond", 9.0, 8.0, 10.0, None, False, "9 (limit 1)"),
    ]
    for wide in (True, False):
        root = ET.fromstring(charts.forest(rules, wide))  # noqa: S314
        assert root.findtext(f"{SVG}desc") == "1 of 3 rules hold. Broken: broken; far beyond."
        edge = float(root.get("viewBox", "").split()[2])
        for circle in root.iter(f"{SVG}circle"):
            assert 0 < float(circle.get("cx", "")) < edge


def test_a_survival_curve_starts_at_one_and_never_rises() -> None:
    curve = {"time": [1.0, 2.0, 3.0], "survival": [0.9, 0.7, 0.7]}
    drawing = charts.survival({"real": curve}, "days")
    line = re.search(r'class="real-line" d="M([^"]+)"', drawing)
    assert line is not None
    heights = [10.0, *map(float, re.findall(r"V([\d.]+)", line[1]))]
    assert line[1].startswith("46 10H")  # at one until the first event
    assert len(heights) == 3 and heights == sorted(heights)


def test_attacks_are_read_at_one_per_cent_between_points() -> None:
    drawing = charts.roc({"a": ([0.0, 0.02, 1.0], [0.0, 0.10, 1.0])}, zoom=0.05)
    assert "a finds 0.050" in drawing


def test_the_strongest_attacks_are_drawn_where_there_are_too_many() -> None:
    curves = {f"a{number}": ([0.0, 1.0], [number / 10, 1.0]) for number in range(8)}
    assert charts.strongest(curves) == ["a7", "a6", "a5", "a4", "a3"]


def test_names_are_escaped_in_every_drawing() -> None:
    drawings = [
        charts.histogram(HOSTILE, [0, 1], [1], [1]),
        charts.levels(HOSTILE, [HOSTILE], [1], [1]),
        charts.heat_map(HOSTILE, [HOSTILE, "b"], [[1, 0.5], [0.5, 1]]),
        charts.ranking(HOSTILE, [HOSTILE], [1.0]),
        charts.roc({HOSTILE: ([0, 1], [0, 1])}),
        charts.pair(HOSTILE, 0.1, 0.2, 1.0),
        charts.forest([charts.Rule(HOSTILE, HOSTILE, 0.1, 0.1, 0.1, None, True, HOSTILE)]),
    ]
    for drawing in drawings:
        assert "<script" not in drawing
        ET.fromstring(drawing)  # noqa: S314
