"""Plain data for the report's drawings: counts, curves and matrices, never a record.

What ``Evidence.plots`` holds is described where it is drawn, in ``evaluate.report``. Counts of persons are rounded to
multiples of ten, edges to round numbers, and levels with fewer than ten persons are drawn together, so that no drawing
shows a single person.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.disclosure import FEWEST, round_step, rounded_counts, rounded_down
from cohortium.numerics.leading_axes import leading_axes
from cohortium.numerics.neighbours import coordinates
from cohortium.numerics.regression import NORMAL_95
from cohortium.numerics.survival_curves import kaplan_meier
from cohortium.records import Finding, Kind, Survival

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_COLUMNS = 300
_MOST_LEVELS = 20
_PCA_ROWS = 4_000
_GRID = 60


def plots(pair: Comparison, findings: Sequence[Finding], rng: np.random.Generator) -> dict[str, Any]:
    """Everything that can be drawn of this pair and of what the metrics found."""
    details = {found.metric: found.score.detail for found in findings if found.score is not None}
    scores = details.get("column_shapes", {}).get("columns", {})
    drawn: dict[str, Any] = {"marginals": marginals(pair, scores)}
    overlay = principal_components(pair, rng)
    if overlay is not None:
        drawn["pca"] = overlay
    if _has_follow_up(pair):
        drawn["survival"] = survival_curves(pair)
    if "correlation_difference" in details:
        drawn["correlations"] = details["correlation_difference"]["matrices"]
    if "c2st" in details:
        drawn["gives_away"] = details["c2st"]["gives_away"]
    curves = {
        found.title: found.score.detail["roc"] for found in findings if found.score and "roc" in found.score.detail
    }
    if curves:
        drawn["roc"] = curves
    groups = subgroup_rows(findings)
    if groups:
        drawn["subgroups"] = groups
    return drawn


def marginals(pair: Comparison, scores: dict[str, float]) -> dict[str, dict[str, Any]]:
    """Every modelled column's distribution, real and synthetic; those with fewer than ten known real values not."""
    drawn: dict[str, dict[str, Any]] = {}
    for place, name in enumerate(pair.encoded.names[:_MOST_COLUMNS]):
        real, synthetic = pair.real_matrix[:, place], pair.synthetic_matrix[:, place]
        if np.isfinite(real).sum() < FEWEST:
            continue
        if pair.encoded.nominal[place]:
            body = _levels(real, synthetic, pair.encoded.levels[place])
        else:
            body = _histogram(real, synthetic, whole=pair.real.schema[name].kind in (Kind.INTEGER, Kind.DATE))
        missing = [_missing_share(real), _missing_share(synthetic)]
        drawn[name] = {**body, "missing": missing, "score": scores.get(name)}
    return drawn


def _missing_share(values: NDArray[np.float64]) -> float:
    missing = rounded_counts(np.array([np.isnan(values).sum()]))[0]
    return float(min(missing / max(len(values), 1), 1.0))


def _shares(counts: NDArray[np.float64] | NDArray[np.int64]) -> list[float]:
    kept = rounded_counts(counts)
    return [round(float(count), 6) for count in kept / max(kept.sum(), 1.0)]


def _levels(real: NDArray[np.float64], synthetic: NDArray[np.float64], levels: tuple[str, ...]) -> dict[str, Any]:
    of_real, of_synthetic = (
        np.bincount(values[~np.isnan(values)].astype(np.int64), minlength=len(levels)) for values in (real, synthetic)
    )
    return drawn_levels(of_real, of_synthetic, levels)


def drawn_levels(of_real: NDArray[np.int64], of_synthetic: NDArray[np.int64], levels: Sequence[str]) -> dict[str, Any]:
    """Persons per level (k,) of both tables, as they are drawn: rare levels together, counts rounded."""
    often = [place for place in np.argsort(-of_real, kind="stable")[:_MOST_LEVELS] if of_real[place] >= FEWEST]
    labels = [levels[place] for place in often]
    counts = [of_real[often], of_synthetic[often]]
    if len(often) < len(levels):
        labels.append("(other)")
        totals = (of_real.sum(), of_synthetic.sum())
        counts = [np.append(part, total - part.sum()) for part, total in zip(counts, totals, strict=True)]
    return {"kind": "nominal", "labels": labels, "real": _shares(counts[0]), "synthetic": _shares(counts[1])}


def _histogram(real: NDArray[np.float64], synthetic: NDArray[np.float64], whole: bool) -> dict[str, Any]:
    known = real[np.isfinite(real)]
    edges = round_edges(known, whole)
    counts = [
        np.histogram(np.clip(values[np.isfinite(values)], edges[0], edges[-1]), edges)[0]
        for values in (real, synthetic)
    ]
    return drawn_counts(edges, counts[0], counts[1])


def drawn_counts(
    edges: NDArray[np.float64],
    real: NDArray[np.float64] | NDArray[np.int64],
    synthetic: NDArray[np.float64] | NDArray[np.int64],
) -> dict[str, Any]:
    """Persons between the edges (k + 1,) in both tables, as they are drawn."""
    return {
        "kind": "numeric", "edges": [float(edge) for edge in edges],
        "real": _shares(real), "synthetic": _shares(synthetic),
    }  # fmt: skip


def round_edges(known: NDArray[np.float64], whole: bool) -> NDArray[np.float64]:
    """Edges of equally wide bins at round numbers, over all but the outermost hundredth of the values."""
    bins = int(np.clip(math.sqrt(len(known)) / 2, 4, 30))
    low, high = np.quantile(known, [0.01, 0.99])
    is_spread = (high - low) / bins >= np.finfo(np.float64).tiny  # smaller numbers have no logarithm to rely on
    step = round_step((high - low) / bins) if is_spread else round_step(max(abs(float(low)), 1.0))
    step = max(step, 1.0) if whole else step
    start, stop = math.floor(low / step), math.ceil(high / step)
    return np.arange(start, max(stop, start + 1) + 1) * step


def principal_components(pair: Comparison, rng: np.random.Generator) -> dict[str, Any] | None:
    """Both tables on the two directions in which the real one varies most, as counts on a grid."""
    rows = [_some(matrix, rng) for matrix in (pair.real_matrix, pair.synthetic_matrix)]
    if min(map(len, rows)) < 2 * FEWEST:
        return None
    columns = np.arange(rows[0].shape[1])[:_MOST_COLUMNS]
    points = coordinates([part[:, columns] for part in rows], pair.encoded.nominal[columns], rows[0][:, columns]).values
    centre = points[0].mean(axis=0, dtype=np.float64)
    axes, explained = leading_axes(points[0] - centre, rng)
    if explained[1] <= 0:
        return None
    clouds = [(part - centre) @ axes for part in points]
    cells = int(np.clip(math.sqrt(len(rows[0]) / (2 * FEWEST)), 4, _GRID))
    edges = [_grid_edges(clouds[0][:, axis], cells) for axis in range(2)]
    counts = [rounded_counts(_counted(cloud, edges)).tolist() for cloud in clouds]
    return {
        "x": edges[0].tolist(), "y": edges[1].tolist(), "real": counts[0], "synthetic": counts[1],
        "explained": [round(share, 4) for share in explained],
    }  # fmt: skip


def _counted(cloud: NDArray[np.float64], edges: list[NDArray[np.float64]]) -> NDArray[np.int64]:
    """Points in each cell (a, b); those beyond the outermost edges count in the cells at the border."""
    places = [
        np.clip(np.searchsorted(cuts, cloud[:, axis], "right") - 1, 0, len(cuts) - 2) for axis, cuts in enumerate(edges)
    ]
    shape = (len(edges[0]) - 1, len(edges[1]) - 1)
    return np.bincount(np.ravel_multi_index((places[0], places[1]), shape), minlength=shape[0] * shape[1]).reshape(
        shape
    )


def _grid_edges(values: NDArray[np.float64], cells: int) -> NDArray[np.float64]:
    low, high = np.quantile(values, [0.005, 0.995])
    margin = max(0.1 * (high - low), 0.05)
    return np.asarray(np.round(np.linspace(low - margin, high + margin, cells + 1), 4), dtype=np.float64)


def _some(matrix: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    return matrix if len(matrix) <= _PCA_ROWS else matrix[rng.permutation(len(matrix))[:_PCA_ROWS]]


def _has_follow_up(pair: Comparison) -> bool:
    roles = {str(role) for column in pair.real.schema.columns for role in column.roles}
    if not {"time", "event"} <= roles:
        return False
    return all(len(part) >= 2 * FEWEST for part in pair.survival[:2])


def survival_curves(pair: Comparison) -> dict[str, Any]:
    """Kaplan-Meier curves with 95 % bands on a regular grid, as far as ten real persons are under observation."""
    real, synthetic, holdout = pair.survival
    named: dict[str, Survival] = {"real": real, "synthetic": synthetic}
    if holdout is not None and len(holdout) >= 2 * FEWEST:
        named["holdout"] = holdout
    return follow_up_curves(named)


def follow_up_curves(named: Mapping[str, Survival]) -> dict[str, Any]:
    """The curves of groups of persons, "real" among them."""
    real = named["real"]
    grid = np.linspace(0.0, rounded_down(float(np.sort(real.durations)[-FEWEST])), 101)
    return {"unit": real.unit, **{name: _on_grid(part, grid) for name, part in named.items()}}


def _on_grid(persons: Survival, grid: NDArray[np.float64]) -> dict[str, list[float]]:
    curve = kaplan_meier(persons.durations, persons.events)
    variance = np.concatenate([[0.0], curve.variance])[np.searchsorted(curve.times, grid, "right")]
    survival, wide = curve.at(grid), NORMAL_95 * np.sqrt(variance)
    under_observation = len(persons) - np.searchsorted(np.sort(persons.durations), grid, "left")
    kept = under_observation >= FEWEST
    lines = {"time": grid, "survival": survival, "low": survival - wide, "high": survival + wide}
    return {
        name: [round(float(number), 4) for number in (line if name == "time" else np.clip(line, 0.0, 1.0))[kept]]
        for name, line in lines.items()
    }


def subgroup_rows(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """What the metrics say of each subgroup, one row each; the subgroups are those whose shares were compared."""
    rows: dict[str, dict[str, Any]] = {}
    for found in findings:
        for row in (found.score.detail if found.score else {}).get("subgroups", ()):
            known = rows.setdefault(row["subgroup"], {"trend": None, "tstr_gap": None, "mia": None})
            known.update({name: value for name, value in row.items() if name not in ("subgroup", "low", "high")})
    return [row for row in rows.values() if "share_real" in row]
