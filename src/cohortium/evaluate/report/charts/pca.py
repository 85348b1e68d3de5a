"""Two clouds of persons seen from the direction in which the real ones differ most, as densities, never as points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from cohortium.evaluate.report.charts.contours import contour, level_holding, refined, smoothed
from cohortium.evaluate.report.numbers import percent
from cohortium.pages.scale import Scale
from cohortium.pages.svg import axes, box, document, mark, path, short, words

if TYPE_CHECKING:
    from numpy.typing import NDArray

WIDTH, HEIGHT = 460, 380
_STEPS, _FINEST = 6, 48


def pca(
    x_edges: Sequence[float],
    y_edges: Sequence[float],
    real: Sequence[Sequence[float]],
    synthetic: Sequence[Sequence[float]],
    explained: Sequence[float] = (),
) -> str:
    """Real persons as shading, both tables as lines around their densest 50 % and 90 %.

    x_edges, y_edges : of equally wide bins.
    real, synthetic  : (len(x_edges) - 1, len(y_edges) - 1), counts or shares.
    """
    # One empty bin all around, in which lines that reach the outermost bins can close.
    grids = [
        smoothed(refined(np.pad(np.asarray(counts, dtype=np.float64), 1), _FINEST)) for counts in (real, synthetic)
    ]
    places = _occupied(grids)
    spans = []
    for edges, place, bins in zip((x_edges, y_edges), places, grids[0].shape, strict=True):
        step = (edges[-1] - edges[0]) / (len(edges) - 1)
        whole = Scale(0, bins, edges[0] - step, edges[-1] + step)
        spans.append((whole(place.start), whole(place.stop)))
    grids = [grid[places] for grid in grids]
    x, y = Scale(*spans[0], 46, WIDTH - 8), Scale(*spans[1], HEIGHT - 44, 10)
    lines = "".join(
        _lines(grid, share, x, y, f"{name}-line")
        for grid, name in zip(grids, ("real", "synthetic"), strict=True)
        for share in (0.5, 0.9)
    )
    parts = [f" ({percent(share)} of the variation)" for share in explained[:2]] or ["", ""]
    names = words((x.start + x.end) / 2, HEIGHT - 8, f"first component{parts[0]}", "note", "middle")
    second = words(0, 0, f"second component{parts[-1]}", "note", "middle")
    turned = f'<g transform="translate(12 {short((y.start + y.end) / 2)}) rotate(-90)">{second}</g>'
    body = axes(x, y, x.ticks(5), y.ticks(5)) + _shading(grids[0], x, y) + lines + names + turned
    apart = float(np.abs(grids[0] - grids[1]).sum() / 2)
    return document(
        body, WIDTH, HEIGHT, "Principal components, real and synthetic",
        f"Densities of the persons on the first two principal components; the two overlap by {percent(1 - apart)}.",
    )  # fmt: skip


def _occupied(grids: list[NDArray[np.float64]]) -> tuple[slice, slice]:
    """The rows and columns of bins between which there is anything to see."""
    seen = np.max([grid / (grid.max() or 1.0) for grid in grids], axis=0) > 0.03
    spans = []
    for axis in (1, 0):
        places = np.flatnonzero(seen.any(axis=axis))
        spans.append(slice(int(places[0]), int(places[-1]) + 1) if len(places) else slice(0, seen.shape[1 - axis]))
    return spans[0], spans[1]


def _shading(grid: NDArray[np.float64], x: Scale, y: Scale) -> str:
    rows, columns = grid.shape
    wide, tall = (x.end - x.start) / rows, (y.start - y.end) / columns
    depth = np.ceil(grid / (grid.max() or 1.0) * _STEPS - 0.8).astype(int)
    body = ""
    for step in range(1, _STEPS + 1):
        places = zip(*np.nonzero(depth == step), strict=True)
        data = "".join(box(x.start + i * wide, y.start - (j + 1) * tall, wide + 0.3, tall + 0.3) for i, j in places)
        if data:
            body += mark(data, "real", f' fill-opacity="{0.75 * step / _STEPS:.2f}"')
    return body


def _lines(grid: NDArray[np.float64], share: float, x: Scale, y: Scale, kind: str) -> str:
    across = Scale(0, grid.shape[0], x.start, x.end)
    up = Scale(0, grid.shape[1], y.start, y.end)
    data = "".join(
        path([(across(a), up(b)), (across(c), up(d))]) for (a, b), (c, d) in contour(grid, level_holding(grid, share))
    )
    return mark(data, kind, ' stroke-linecap="round"') if data else ""
