"""What a site's rows score under the trees that are finished, and what the next trees learn from that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.analyse.trees.baseline import interval_of
from cohortium.analyse.trees.fitted import add_tree
from cohortium.analyse.trees.losses import Loss
from cohortium.analyse.trees.memory import digest_of, keep, kept
from cohortium.analyse.trees.site_rows import SiteRows
from cohortium.analyse.trees.target import unit_for, whole
from cohortium.records import State, Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]
    Slopes = tuple[NDArray[np.int64], NDArray[np.int64]]

WALKED = ("feature", "cut", "missing_left", "left", "value")


@dataclass(frozen=True, slots=True)
class BoostedScores:
    """Scores (n, K) under the first so many ``trees``, whose nodes the ``digest`` stands for."""

    trees: int
    digest: str
    scores: Reals


def boosted_scores(
    records: Table, name: tuple[Any, ...], bins: NDArray[np.uint8], start: Reals, state: State, trees: int
) -> BoostedScores:
    """Scores of the rows under the first so many trees, going on from those that were kept under this name."""

    def first() -> BoostedScores:
        return BoostedScores(0, _digest(start, state, 0), np.repeat(start[None, :], len(bins), axis=0))

    before = kept(records, ("scores", *name), first)
    if before.trees > trees or before.digest != _digest(start, state, before.trees):
        before = first()
    if before.trees == trees:
        return before
    scores = before.scores.copy()
    for tree in range(before.trees, trees if len(bins) else 0):
        add_tree(scores, state.arrays, bins, tree)
    found = BoostedScores(trees, _digest(start, state, trees), scores)
    keep(records, ("scores", *name), found)
    return found


def whole_slopes(
    records: Table, name: tuple[Any, ...], rows: SiteRows, scored: BoostedScores, state: State, loss: Loss
) -> Slopes:
    """Gradients and Hessians (n, K) of the rows in units of ``slope_units``, the same for all levels of a tree."""
    hazard = state.arrays.get("hazard", np.zeros(1))
    digest = digest_of(hazard) + scored.digest

    def make() -> tuple[str, Slopes]:
        own = hazard[interval_of(rows.outcome[:, 0], state.arrays["times"])] if "times" in state.arrays else hazard
        gradient, hessian = loss.slopes(scored.scores, rows.outcome, state.facts, own)
        steepest, bent, _ = loss.bounds(state.facts)
        units = slope_units(loss, state)
        return digest, (whole(gradient, units[0], steepest), whole(hessian, units[1], bent))

    found = kept(records, ("slopes", *name), make)
    if found[0] != digest:
        found = make()
        keep(records, ("slopes", *name), found)
    return found[1]


def slope_units(loss: Loss, state: State) -> Reals:
    """Units (2,) of gradients and of Hessians."""
    steepest, bent, _ = loss.bounds(state.facts)
    return np.array([unit_for(steepest, state.facts["rows"]), unit_for(bent, state.facts["rows"])])


def _digest(start: Reals, state: State, trees: int) -> str:
    roots = state.arrays["roots"]
    end = int(roots[trees]) if trees < len(roots) else len(state.arrays["feature"])
    return digest_of(start, *(state.arrays[name][:end] for name in WALKED))
