"""Bars: a pair inside a table's cell, and a ranked list."""

from __future__ import annotations

from collections.abc import Sequence

from cohortium.pages.scale import Scale, plain
from cohortium.pages.svg import box, document, line, mark, shortened, words

_CELL_WIDTH, _CELL_HEIGHT = 110, 18


def pair(title: str, real: float, synthetic: float, top: float) -> str:
    """Two shares for one cell: real persons as a bar, synthetic ones as a tick."""
    x = Scale(0, top or 1, 1, _CELL_WIDTH - 2)
    body = mark(box(x.start, 4, max(x.clip(real) - x.start, 0.5), 10), "real")
    body += line(x.clip(synthetic), 1, x.clip(synthetic), 17, "synthetic-tick")
    return document(body, _CELL_WIDTH, _CELL_HEIGHT, title, "")


def offset(title: str, value: float, neutral: float, reach: float) -> str:
    """One number for one cell, as a bar from where nothing is wrong."""
    x = Scale(neutral - reach, neutral + reach, 1, _CELL_WIDTH - 1)
    low, high = sorted((x(neutral), x.clip(value)))
    body = mark(box(low, 5, max(high - low, 0.5), 8), "synthetic") + line(x(neutral), 1, x(neutral), 17, "axis")
    return document(body, _CELL_WIDTH, _CELL_HEIGHT, title, "")


def ranking(title: str, names: Sequence[str], values: Sequence[float]) -> str:
    """Named values from the largest down."""
    order = sorted(range(len(names)), key=lambda place: -values[place])
    x = Scale(0, max([*values, 0]) or 1, 190, 400)
    body = ""
    for row, place in enumerate(order):
        y = 8 + row * 24
        body += words(182, y + 11, shortened(names[place], 176), "label", "end")
        body += mark(box(x.start, y, max(x.clip(values[place]) - x.start, 0.5), 14), "synthetic")
        body += words(x.clip(values[place]) + 6, y + 11, plain(round(values[place], 3)), "tick")
    body += line(x.start, 4, x.start, 8 + 24 * len(names), "axis")
    spoken = ", ".join(names[place] for place in order[:5])
    return document(body, 460, 16 + 24 * len(names), title, f"From the largest down: {spoken}.")
