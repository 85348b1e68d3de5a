"""Both tables as one picture, and what tells them apart."""

from __future__ import annotations

from typing import Any

from cohortium.evaluate.report import charts
from cohortium.evaluate.report.exhibits.exhibit import Exhibit, key_of

_MOST = 12


def overlay(cloud: dict[str, Any]) -> Exhibit:
    """The first two principal components."""
    drawing = charts.pca(cloud["x"], cloud["y"], cloud["real"], cloud["synthetic"], cloud.get("explained") or ())
    return Exhibit(
        "Both tables laid over each other",
        "All columns folded into the two directions in which real persons differ most. The lines enclose the densest "
        "half and nine tenths of the persons of each table; shading is the density of real persons.",
        (drawing,),
        1,
        key_of(("real-line", "real persons"), ("synthetic-line", "synthetic")),
    )


def gives_away(items: list[dict[str, Any]]) -> Exhibit:
    """The columns by which a classifier recognises synthetic rows."""
    best = sorted(items, key=lambda item: -item["gain"])[:_MOST]
    title = "What gives synthetic rows away"
    drawing = charts.ranking(title, [str(item["column"]) for item in best], [item["gain"] for item in best])
    return Exhibit(
        title,
        "How much each column helps the classifier to tell synthetic rows from real ones: the share of its gain.",
        (drawing,),
    )
