"""One column, real and synthetic: a histogram of numbers, or bars of levels, small enough to stand in a grid."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from cohortium.evaluate.report.numbers import percent
from cohortium.pages.scale import Scale, plain
from cohortium.pages.svg import box, document, line, mark, shortened, stairs, width_of, words

WIDTH, HEIGHT = 200, 146
_TOP, _FLOOR, _LEVELS = 30, 112, 6


def shares(counts: Sequence[float]) -> list[float]:
    """Counts as shares of their sum; zeros where there is nothing."""
    total = sum(counts)
    return [count / total if total else 0.0 for count in counts]


def distance(real: Sequence[float], synthetic: Sequence[float]) -> float:
    """Total variation between two lists of counts or shares over the same bins: 0 the same, 1 apart."""
    return sum(abs(one - other) for one, other in zip(shares(real), shares(synthetic), strict=True)) / 2


def histogram(
    name: str,
    edges: Sequence[float],
    real: Sequence[float],
    synthetic: Sequence[float],
    missing: Sequence[float] = (),
    say: Callable[[float], str] = plain,
) -> str:
    """Real numbers as bars, synthetic ones as a line, both as densities, so that bins may differ in width."""
    widths = [max(high - low, 1e-300) for low, high in pairwise(edges)]
    heights = [[part / width for part, width in zip(shares(of), widths, strict=True)] for of in (real, synthetic)]
    x = Scale(edges[0], edges[-1], 1, WIDTH - 1)
    y = Scale(0, max(*heights[0], *heights[1]) or 1, _FLOOR, _TOP)
    bars = "".join(
        box(x(low), y(height), max(x(high) - x(low) - 0.6, 0.4), _FLOOR - y(height))
        for low, high, height in zip(edges[:-1], edges[1:], heights[0], strict=True)
        if height
    )
    corners = [(x(edges[0]), y(0))]
    for low, high, height in zip(edges[:-1], edges[1:], heights[1], strict=True):
        corners += [(x(low), y(height)), (x(high), y(height))]
    corners.append((x(edges[-1]), y(0)))
    body = mark(bars, "real") + line(x.start, _FLOOR, x.end, _FLOOR, "axis") + mark(stairs(corners), "synthetic-line")
    return _panel(name, body + _ends(x, say), missing, distance(real, synthetic))


def levels(
    name: str, labels: Sequence[str], real: Sequence[float], synthetic: Sequence[float], missing: Sequence[float] = ()
) -> str:
    """Each level's share: real persons as a bar, synthetic ones as a tick; rare levels are drawn together."""
    rows = _largest(list(zip(labels, shares(real), shares(synthetic), strict=True)))
    top = max([max(real_share, other) for _, real_share, other in rows] + [1e-9])
    pitch = min((_FLOOR + 18 - _TOP) / max(len(rows), 1), 26)
    x = Scale(0, top, 84, WIDTH - 46)
    body = ""
    for place, (label, one, other) in enumerate(rows):
        y = _TOP + place * pitch
        thick = min(pitch * 0.62, 13)
        body += words(77, y + thick / 2 + 4, shortened(label, 77, 11), "tick", "end")
        body += mark(box(x.start, y, max(x(one) - x.start, 0.5), thick), "real")
        body += line(x(other), y - 2, x(other), y + thick + 2, "synthetic-tick")
        body += words(WIDTH, y + thick / 2 + 4, percent(one), "tick", "end")
    return _panel(name, body, missing, distance(real, synthetic))


def _largest(rows: list[tuple[str, float, float]]) -> list[tuple[str, float, float]]:
    if len(rows) <= _LEVELS:
        return rows
    order = sorted(range(len(rows)), key=lambda place: -max(rows[place][1], rows[place][2]))
    kept, rest = sorted(order[: _LEVELS - 1]), order[_LEVELS - 1 :]
    others = (f"{len(rest)} others", sum(rows[place][1] for place in rest), sum(rows[place][2] for place in rest))
    return [rows[place] for place in kept] + [others]


def _ends(x: Scale, say: Callable[[float], str]) -> str:
    ticks = x.ticks(3)
    texts = [say(tick) for tick in ticks]
    places = [x(tick) for tick in ticks]
    if say is not plain:
        # Dates: the two ends say more than round numbers of days.
        texts, places = [say(x.low), say(x.high)], [x.start, x.end]
    marks = ""
    for text, place in zip(texts, places, strict=True):
        half = width_of(text, 11) / 2
        marks += words(min(max(place, half + 2), WIDTH - half - 2), _FLOOR + 14, text, "tick", "middle")
    return marks


def _panel(name: str, body: str, missing: Sequence[float], gap: float) -> str:
    said = ""
    if len(missing) == 2 and max(missing) > 0:
        said = f"missing: {percent(missing[0])}, synthetic {percent(missing[1])}"
    head = words(0, 14, shortened(name, WIDTH - 44, 12.5), "head") + words(WIDTH, 14, percent(gap), "note", "end")
    foot = words(0, HEIGHT - 3, said, "small") if said else ""
    description = f"Distribution of {name}: real and synthetic differ by {percent(gap)} of the persons. {said}".strip()
    return document(head + body + foot, WIDTH, HEIGHT, name, description)
