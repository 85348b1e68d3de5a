"""Drawings of a study's tables: estimates with their intervals, and curves over time."""

from __future__ import annotations

import itertools
import math
from typing import Any

from cohortium.pages import svg
from cohortium.pages.scale import Scale, plain

WIDTH, ROW, LEFT = 640.0, 26.0, 220.0
CURVE_HEIGHT = 300.0
MOST_ESTIMATES, MOST_CURVES = 40, 4
_RATIOS = ("hazard_ratio", "odds_ratio", "rate_ratio")
_CURVES = ("survival", "cumulative_incidence", "incidence")


def drawing(title: str, table: dict[str, list[Any]]) -> str:
    """The drawing that suits a table, as SVG; empty where none does."""
    for ratio in _RATIOS:
        low, high = f"{ratio}_low", f"{ratio}_high"
        if {"term", ratio, low, high} <= table.keys():
            return _forest(title, table, ratio, low, high, logarithmic=True)
    if {"term", "estimate", "low", "high"} <= table.keys():
        return _forest(title, table, "estimate", "low", "high", logarithmic=False)
    time = next((name for name in table if name.startswith("time")), None)
    curve = next((name for name in _CURVES if name in table), None)
    return _curves(title, table, time, curve) if time and curve else ""


def _forest(title: str, table: dict[str, list[Any]], middle: str, low: str, high: str, *, logarithmic: bool) -> str:
    """One line per term, from limit to limit, with a mark at the estimate; a rule where nothing differs."""
    rows = [
        (str(term), float(a), float(b), float(c))
        for term, a, b, c in zip(table["term"], table[low], table[middle], table[high], strict=True)
        if None not in (a, b, c) and term != "(intercept)" and (not logarithmic or (a > 0 and math.isfinite(c)))
    ][:MOST_ESTIMATES]
    if not rows:
        return ""

    def at(value: float) -> float:
        return math.log2(value) if logarithmic else value

    nothing = 1.0 if logarithmic else 0.0
    ends = [at(value) for _, a, _, c in rows for value in (a, c)] + [at(nothing)]
    scale = Scale(min(ends), max(ends), LEFT, WIDTH - 20)
    height = ROW * len(rows) + 40
    ticks = scale.ticks(5)
    body = [svg.line(scale(at(nothing)), 8, scale(at(nothing)), height - 30, "rule")]
    for place, (term, a, b, c) in enumerate(rows):
        y = 20 + ROW * place
        body.append(svg.words(LEFT - 12, y + 4, svg.shortened(term, LEFT - 20), "label", "end"))
        body.append(svg.line(scale(at(a)), y, scale(at(c)), y, "interval"))
        body.append(svg.mark(svg.box(scale(at(b)) - 4, y - 4, 8, 8), "estimate"))
    for tick in ticks:
        said = plain(round(2**tick, 3)) if logarithmic else plain(tick)
        body.append(svg.words(scale(tick), height - 10, said, "tick", "middle"))
    said = "ratio, on a logarithmic scale" if logarithmic else "estimate"
    return svg.document("".join(body), WIDTH, height, title, f"{len(rows)} terms: {said}, with 95 % intervals")


def _curves(title: str, table: dict[str, list[Any]], time: str, curve: str) -> str:
    """A staircase per group."""
    by = [name for name in ("group", "cause") if name in table]
    groups: dict[str, list[tuple[float, float]]] = {}
    for place, (when, value) in enumerate(zip(table[time], table[curve], strict=True)):
        if value is not None:
            name = ", ".join(str(table[column][place]) for column in by if table[column][place] is not None)
            groups.setdefault(name, []).append((float(when), float(value)))
    groups = dict(list(groups.items())[:MOST_CURVES])
    if not groups:
        return ""
    latest = max(when for points in groups.values() for when, _ in points)
    first = 1.0 if curve == "survival" else 0.0
    x = Scale(0.0, latest, 50, WIDTH - 130)
    y = Scale(0.0, 1.0, CURVE_HEIGHT - 40, 12)
    body = [svg.axes(x, y, x.ticks(6), [0, 0.25, 0.5, 0.75, 1.0])]
    for number, (name, points) in enumerate(groups.items()):
        steps = [(0.0, first), *points]
        stairs = [(x(steps[0][0]), y(steps[0][1]))]
        for (_, before), (when, value) in itertools.pairwise(steps):
            stairs += [(x(when), y(before)), (x(when), y(value))]
        body.append(svg.mark(svg.stairs(stairs), f"curve curve{number}"))
        label = svg.shortened(name, 110)
        body.append(svg.words(WIDTH - 120, 24 + 20 * number, label, f"key key{number}"))
    body.append(svg.words(x(latest) / 2 + 25, CURVE_HEIGHT - 4, time.replace("_", " "), "tick", "middle"))
    return svg.document("".join(body), WIDTH, CURVE_HEIGHT, title, f"{curve} over {time} in {len(groups)} groups")
