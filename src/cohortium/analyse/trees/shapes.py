"""A curve for each feature as a tree over its bins, so that the model is read and applied like any other trees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.analyse.trees.agreed_bins import BinnedColumn
from cohortium.analyse.trees.nodes import NODE_TYPES
from cohortium.analyse.trees.public_bins import words_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]


def shape_trees(curves: Sequence[Reals]) -> dict[str, NDArray[Any]]:
    """The nodes of one tree for each feature: missing values apart, then halves of the bins.

    curves : of each feature the score of its bins, that of missing values first. Nodes tell no persons, and inner ones
             no mean, which would tell a count that the gate keeps in.
    """
    nodes: list[list[Any]] = []
    roots: list[int] = []
    for feature, curve in enumerate(curves):
        roots.append(len(nodes))
        nodes.append([])
        _grow(nodes, roots[-1], 0, curve, (feature, 0, len(curve) - 1))
    columns = dict(zip((*NODE_TYPES, "value"), zip(*nodes, strict=True), strict=True))
    found: dict[str, NDArray[Any]] = {name: np.array(columns[name], dtype=kind) for name, kind in NODE_TYPES.items()}
    found["value"] = np.array(columns["value"], dtype=np.float64)[:, None]
    return found | {"roots": np.array(roots, dtype=np.int32)}


def shape_table(
    columns: Sequence[BinnedColumn], curves: Sequence[Reals], persons: Sequence[Reals], noise: Sequence[Reals]
) -> dict[str, list[Any]]:
    """A row for each bin of each feature: persons, score, and the standard deviation that noise gives the score."""
    table: dict[str, list[Any]] = {key: [] for key in ("variable", "bin", "n", "score", "noise_sd")}
    for column, curve, counts, own in zip(columns, curves, persons, noise, strict=True):
        table["variable"] += [column.name] * len(curve)
        table["bin"] += words_of(column)
        table["n"] += [round(float(one)) for one in counts]
        table["score"] += [float(one) for one in curve]
        table["noise_sd"] += [float(one) for one in own]
    return table


def importance_of(
    columns: Sequence[BinnedColumn], curves: Sequence[Reals], persons: Sequence[Reals]
) -> dict[str, list[Any]]:
    """How far each feature moves the score of a person on average, the largest first."""
    moved = []
    for curve, counts in zip(curves, persons, strict=True):
        share = np.maximum(counts, 0) / max(float(np.maximum(counts, 0).sum()), 1.0)
        moved.append(float(share @ np.abs(curve - share @ curve)))
    order = np.argsort(-np.array(moved), kind="stable")
    return {"feature": [columns[place].name for place in order], "mean_effect": [moved[place] for place in order]}


def _grow(nodes: list[list[Any]], node: int, depth: int, curve: Reals, part: tuple[int, int, int]) -> None:
    """Fill a node that stands for bins from ``low`` to ``high``, both included, of a feature."""
    feature, low, high = part
    if low == high:
        nodes[node] = [-1, 0, False, 0, feature, depth, 0, 0.0, float(curve[low])]
        return
    cut = 0 if low == 0 else (low + high) // 2  # missing values part from the others first
    left = len(nodes)
    nodes[node] = [feature, cut, low == 0, left, feature, depth, 0, 0.0, 0.0]
    nodes += [[], []]
    _grow(nodes, left, depth + 1, curve, (feature, low, cut))
    _grow(nodes, left + 1, depth + 1, curve, (feature, cut + 1, high))
