"""The page of risk against utility: what every step of protection costs, as a drawing, tables, and under two sliders.

Without scripts the drawing and the tables say everything; the script only picks one line of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cohortium import pages
from cohortium.anonymise.risk import Frontier, Point
from cohortium.anonymise.tables.hierarchy import Hierarchy
from cohortium.pages import svg
from cohortium.pages.scale import Scale

TEMPLATES = Path(__file__).parents[1] / "templates" / "anonymisation"
WIDTH, HEIGHT = 720.0, 380.0


def frontier_page(title: str, found: Frontier, hierarchies: Sequence[Hierarchy]) -> str:
    """HTML of a frontier, readable without scripts and without a network."""
    content = {
        "title": title,
        "rows": found.rows,
        "columns": found.columns,
        "before": _row(found.before, found, hierarchies),
        "points": [_row(one, found, hierarchies) for one in found.points],
        "sizes": sorted({one.k for one in found.points}),
        "shares": [f"{one:g}" for one in sorted({one.suppression for one in found.points})],
        "drawing": _drawing(found),
    }
    return pages.page(
        TEMPLATES,
        name="frontier",
        sheets=[pages.LISTING, TEMPLATES / "page.css"],
        scripts=[TEMPLATES / "frontier.js"],
        page=content,
    )


def _row(point: Point, found: Frontier, hierarchies: Sequence[Hierarchy]) -> dict[str, Any]:
    out = point.left_out / found.rows
    return {
        "k": point.k,
        "suppression": f"{point.suppression:g}",
        "allowed": _percent(point.suppression),
        "loss": f"{point.loss:.3f}",
        "left_out": f"{point.left_out:,} ({_percent(out)})",
        "average": _percent(point.average_risk),
        "highest": _percent(point.highest_risk),
        "classes": f"{point.classes:,}",
        "class_size": f"{point.class_size:.2f}",
        "discernibility": f"{point.discernibility:,.1f}",
        "levels": [level_in_words(one, level) for one, level in zip(hierarchies, point.node, strict=True)],
    }


def level_in_words(hierarchy: Hierarchy, level: int) -> str:
    """What a column tells at a level: "exact", "hidden", or how many groups, with one that holds several values."""
    if level == 0:
        return "exact"
    labels = hierarchy.labels[level]
    if len(labels) == 1:
        return "hidden"
    sizes = [int((hierarchy.groups[level] == group).sum()) for group in range(len(labels))]
    largest = max(range(len(labels)), key=lambda group: (sizes[group], -group))
    example = f", such as {labels[largest]}" if sizes[largest] > 1 else ""
    return f"{len(labels)} groups{example}"


def _drawing(found: Frontier) -> str:
    """Loss to the right, average risk upwards (each grid line ten times the one below), a curve per allowance."""
    known = [one for one in found.points if one.average_risk > 0]
    ends = [math.log10(one.average_risk) for one in (found.before, *known)]
    y = Scale(math.floor(min(ends)), math.ceil(max(ends)), HEIGHT - 46, 14)
    x = Scale(0.0, max(0.1, *(one.loss for one in known)), 72, WIDTH - 130)
    powers = range(int(y.low), int(y.high) + 1)
    body = [svg.mark("".join(svg.path([(x.start, y(power)), (x.end, y(power))]) for power in powers), "grid")]
    body += [svg.words(x.start - 8, y(power) + 4, _percent(10.0**power), "tick", "end") for power in powers]
    body += [svg.words(x(tick), y.start + 16, f"{tick:g}", "tick", "middle") for tick in x.ticks(6)]
    body.append(svg.words(x.start, 9, "average chance to find a person", "tick"))
    body.append(svg.line(x.start, y.start, x.end, y.start, "axis"))
    for number, share in enumerate(sorted({one.suppression for one in known})):
        curve = [one for one in known if one.suppression == share]
        places = [(x(one.loss), y(math.log10(one.average_risk))) for one in curve]
        body.append(svg.mark(svg.path(places), f"curve share{number}"))
        for one, (across, up) in zip(curve, places, strict=True):
            extra = f' data-point="{one.k}/{one.suppression:g}"'
            body.append(svg.mark(svg.box(across - 3.5, up - 3.5, 7, 7), f"dot share{number}", extra))
        key = 24 + 20 * number
        body.append(svg.line(WIDTH - 118, key - 4, WIDTH - 98, key - 4, f"curve share{number}"))
        body.append(svg.words(WIDTH - 92, key, f"{_percent(share)} left out", "key"))
    start = x(0), y(ends[0])
    body.append(svg.mark(svg.box(start[0] - 4, start[1] - 4, 8, 8), "start"))
    body.append(svg.words(start[0] + 10, start[1] + 4, "as it is", "label"))
    body.append(
        svg.words((x.start + x.end) / 2, HEIGHT - 8, "exactness lost, from 0 (none) to 1 (all)", "tick", "middle")
    )
    said = f"{len(known)} releases; those further left and lower are better"
    return svg.document("".join(body), WIDTH, HEIGHT, "Average chance to find a person, against exactness lost", said)


def _percent(share: float) -> str:
    return "0 %" if share == 0 else f"{100 * share:.2g} %" if share < 0.0995 else f"{100 * share:.4g} %"
