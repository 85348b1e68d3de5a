"""A square of coefficients between -1 and 1, the stronger the deeper: two hues for the two signs."""

from __future__ import annotations

import math
from collections.abc import Sequence

from cohortium.pages.scale import plain
from cohortium.pages.svg import box, document, mark, shortened, words

WIDTH = 420
_LEFT, _TOP, _STEPS = 132, 44, 10


def heat_map(
    title: str, names: Sequence[str], values: Sequence[Sequence[float | None]], top: float = 1.0, numbers: int = 1
) -> str:
    """The matrix ``values`` (p, p); the colour is full at ``top`` and beyond. Rows are named, columns numbered.

    numbers : the number of the first row.
    """
    side = (WIDTH - _LEFT - 4) / max(len(names), 1)
    cells: dict[int, str] = {}
    for row, line in enumerate(values):
        for column, value in enumerate(line):
            depth = 0 if value is None or math.isnan(value) or row == column else _depth(value, top)
            if depth:
                place = box(_LEFT + column * side, _TOP + row * side, side - 0.6, side - 0.6)
                cells[depth] = cells.get(depth, "") + place
    squares = "".join(
        mark(data, "plus" if depth > 0 else "minus", f' fill-opacity="{abs(depth) / _STEPS:g}"')
        for depth, data in sorted(cells.items())
    )
    diagonal = mark("".join(box(_LEFT + i * side, _TOP + i * side, side - 0.6, side - 0.6) for i in range(len(names))),
                    "safe")  # fmt: skip
    size = len(names) * side
    frame = mark(box(_LEFT - 0.5, _TOP - 0.5, size, size), "frame")
    kind = "tick" if side >= 11 else "small"
    every = 1 if side >= 13 else 2 if side >= 8 else 5
    body = "".join(
        words(
            _LEFT - 6,
            _TOP + (row + 0.5) * side + 3.5,
            f"{shortened(name, _LEFT - 34, 11)} {row + numbers}",
            kind,
            "end",
        )
        for row, name in enumerate(names)
    ) + "".join(
        words(_LEFT + (column + 0.5) * side, _TOP - 6, str(column + numbers), "small", "middle")
        for column in range(0, len(names), every)
    )
    head = words(0, 14, title, "head") + _key(top)
    height = _TOP + size + 6
    return document(head + diagonal + squares + frame + body, WIDTH, height, title, _spoken(names, values))


def _depth(value: float, top: float) -> int:
    steps = round(min(abs(value) / top, 1.0) * _STEPS)
    return steps if value > 0 else -steps


def _key(top: float) -> str:
    """The scale of the colours, at the top right."""
    wide, left = 9, WIDTH - 44 - 9 * 11
    body = words(left - 6, 14, plain(-top), "small", "end") + words(WIDTH - 40, 14, plain(top), "small")
    for place in range(-5, 6):
        kind = "safe" if place == 0 else "plus" if place > 0 else "minus"
        shade = "" if place == 0 else f' fill-opacity="{abs(place) / 5:g}"'
        body += mark(box(left + (place + 5) * wide, 5, wide, 10), kind, shade)
    return body


def _spoken(names: Sequence[str], values: Sequence[Sequence[float | None]]) -> str:
    pairs = [
        (abs(value), value, names[row], names[column])
        for row, line in enumerate(values)
        for column, value in enumerate(line)
        if column < row and value is not None and not math.isnan(value)
    ]
    strongest = "; ".join(f"{one} and {other} {value:.2f}" for _, value, one, other in sorted(pairs, reverse=True)[:3])
    return f"A square of {len(names)} by {len(names)} columns. Strongest: {strongest}." if pairs else "No pairs."
