"""Each subgroup of patients by itself, as a table with small bars."""

from __future__ import annotations

import math
from typing import Any

from cohortium.evaluate.report import charts
from cohortium.evaluate.report.exhibits.exhibit import Cell, Exhibit, Sheet
from cohortium.evaluate.report.numbers import number, percent

# Key, head, the value at which nothing is wrong, and how far from it a bar is full.
_MEASURES = (
    ("trend", "Pairs alike", 1.0, 0.3),
    ("tstr_gap", "Loss of prediction", 0.0, 0.1),
    ("mia", "Membership attack", 0.5, 0.1),
)


def subgroups(groups: list[dict[str, Any]]) -> Exhibit:
    """Shares, and how well and how safely each subgroup is served."""
    top = max(max(group["share_real"], group["share_synthetic"]) for group in groups)
    heads = ("Subgroup", "Share, real and synthetic", *(head for _, head, _, _ in _MEASURES))
    return Exhibit(
        "Subgroups",
        "Share of persons: bar real, blue mark synthetic. Pairs alike: 1 is best. Loss of prediction: how much worse "
        "models from synthetic persons do, 0 is best. Membership attack: 0.5 is blind guessing.",
        sheet=Sheet("Each subgroup by itself", heads, tuple(_row(group, top) for group in groups)),
    )


def _row(group: dict[str, Any], top: float) -> tuple[Cell, ...]:
    name = f"{group['column']}: {group['level']}"
    real, synthetic = group["share_real"], group["share_synthetic"]
    bar = charts.pair(f"Share of {name}", real, synthetic, top)
    measured = (_measured(name, head, group.get(key), neutral, reach) for key, head, neutral, reach in _MEASURES)
    return (Cell(name), Cell(f"{percent(real)}, {percent(synthetic)}", bar), *measured)


def _measured(name: str, head: str, value: float | None, neutral: float, reach: float) -> Cell:
    if value is None or math.isnan(value):
        return Cell(number(None))
    return Cell(number(value, 3), charts.offset(f"{head}, {name}", value, neutral, reach))
