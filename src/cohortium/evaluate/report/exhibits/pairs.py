"""How pairs of columns hang together: three heat maps, and the pairs that differ most by name."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from cohortium.evaluate.report import charts
from cohortium.evaluate.report.exhibits.exhibit import Cell, Exhibit, Sheet
from cohortium.evaluate.report.numbers import count, number

Matrix = Sequence[Sequence[float | None]]
_MOST_COLUMNS, _MOST_PAIRS = 24, 8


def pairs(square: dict[str, Any]) -> Exhibit:
    """Real, synthetic and difference, of the columns with the largest differences where there are many."""
    names, real, synthetic = square["names"], square["real"], square["synthetic"]
    gaps = [[_gap(a, b) for a, b in zip(one, other, strict=True)] for one, other in zip(real, synthetic, strict=True)]
    ranked = sorted(((abs(gaps[i][j] or 0.0), i, j) for i in range(len(names)) for j in range(i)), reverse=True)
    chosen = _worst(gaps)
    widest = ranked[0][0] if ranked else 0.0
    top = next((step for step in (0.1, 0.2, 0.5, 1.0) if widest <= step), 2.0)
    drawn = [("Real", real, 1.0), ("Synthetic", synthetic, 1.0), ("Synthetic less real", gaps, top)]
    which = ""
    if len(chosen) < len(names):
        which = f" Of {count(len(names))} columns, the {len(chosen)} with the largest differences are drawn."
    return Exhibit(
        "How strongly each pair of columns hangs together",
        "Blue pairs rise together, brown ones against each other; pale pairs are unrelated. The difference has its "
        f"own, finer scale.{which}",
        tuple(_map(title, names, matrix, chosen, full) for title, matrix, full in drawn),
        2,
        sheet=_table(names, (real, synthetic, gaps), [(i, j) for _, i, j in ranked]) if ranked else None,
    )


def _gap(real: float | None, synthetic: float | None) -> float | None:
    if real is None or synthetic is None:
        return None
    gap = synthetic - real
    return gap if math.isfinite(gap) else None


def _worst(gaps: Matrix) -> list[int]:
    """The columns to draw, in the order of the table."""
    if len(gaps) <= _MOST_COLUMNS:
        return list(range(len(gaps)))
    widest = [max(abs(gap or 0.0) for gap in line) for line in gaps]
    return sorted(sorted(range(len(gaps)), key=lambda i: -widest[i])[:_MOST_COLUMNS])


def _map(title: str, names: Sequence[str], matrix: Matrix, chosen: Sequence[int], full: float) -> str:
    return charts.heat_map(title, [names[i] for i in chosen], [[matrix[i][j] for j in chosen] for i in chosen], full)


def _table(names: Sequence[str], matrices: Sequence[Matrix], ranked: list[tuple[int, int]]) -> Sheet:
    rows = tuple(
        (Cell(f"{names[j]} and {names[i]}"), *(Cell(number(matrix[i][j], 2)) for matrix in matrices))
        for i, j in ranked[:_MOST_PAIRS]
    )
    caption = f"The {len(rows)} pairs that differ most, of {count(len(ranked))}"
    return Sheet(caption, ("Pair of columns", "Real", "Synthetic", "Difference"), rows)
