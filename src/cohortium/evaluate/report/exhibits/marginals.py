"""Every column by itself: small multiples of those that differ most, a table of the rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cohortium.evaluate.report import charts
from cohortium.evaluate.report.exhibits.exhibit import Cell, Exhibit, Sheet, key_of
from cohortium.evaluate.report.numbers import count, percent
from cohortium.pages.scale import day, moment, plain
from cohortium.records import Kind, Schema

_MOST = 24


def marginals(panels: dict[str, Any], schema: Schema) -> tuple[Exhibit, ...]:
    """The columns, from the largest difference to the smallest."""
    gaps = {name: charts.distance(panel["real"], panel["synthetic"]) for name, panel in panels.items()}
    order = sorted(panels, key=lambda name: -gaps[name])
    worst, rest = order[:_MOST], order[_MOST:]
    which = f"The {_MOST} of {count(len(panels))} columns that differ most" if rest else "Every column"
    figure = Exhibit(
        "Real and synthetic, column by column",
        f"{which}, from the largest difference to the smallest. The number is the share of persons who would have to "
        "change for the two to be alike.",
        tuple(_panel(name, panels[name], schema) for name in worst),
        4,
        key_of(("real", "real persons"), ("synthetic-line", "synthetic")),
    )
    return (figure, _table(rest, panels, gaps)) if rest else (figure,)


def _panel(name: str, panel: dict[str, Any], schema: Schema) -> str:
    missing = panel.get("missing") or ()
    if panel["kind"] == "nominal":
        return charts.levels(name, panel["labels"], panel["real"], panel["synthetic"], missing)
    return charts.histogram(name, panel["edges"], panel["real"], panel["synthetic"], missing, _speaker(name, schema))


def _speaker(name: str, schema: Schema) -> Callable[[float], str]:
    kind = schema[name].kind if name in schema else None
    return day if kind is Kind.DATE else moment if kind is Kind.DATETIME else plain


def _table(names: list[str], panels: dict[str, Any], gaps: dict[str, float]) -> Exhibit:
    rows = tuple(
        (
            Cell(name),
            Cell(percent(gaps[name])),
            *(Cell(percent(share)) for share in (panels[name].get("missing") or (0.0, 0.0))),
        )
        for name in names
    )
    caption = f"The other {count(len(names))} columns, from the largest difference to the smallest"
    heads = ("Column", "Differs by", "Missing, real", "Missing, synthetic")
    return Exhibit("All other columns", "", sheet=Sheet(caption, heads, rows))
