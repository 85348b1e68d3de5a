"""Which ranks of a column can hold values that a condition accepts, so that proposals start out suitable."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cohortium.records import Condition, conjuncts
from cohortium.records.conditions import Test
from cohortium.synthesise.tables.marginal_codec import Marginal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

POINTS = 65
"""Points of a cell at which its values are tried."""


def tests_by_column(where: Condition | None) -> dict[str, tuple[Test, ...]]:
    """The single-column tests that must all hold for ``where`` to hold, by column."""
    answer: dict[str, tuple[Test, ...]] = {}
    for test in conjuncts(where) if where is not None else ():
        answer[test.column] = (*answer.get(test.column, ()), test)
    return answer


def wants_missing(tests: tuple[Test, ...]) -> bool:
    """Whether the tests of a column ask for a missing value."""
    return any(test.comparison == "is missing" for test in tests)


def suitable_ranks(marginal: Marginal, tests: tuple[Test, ...], edges: Floats) -> Floats:
    """Intervals (k, 2) of ranks outside which no value passes all ``tests``; inside, most do.

    edges : the edges of the marginal's cells, in the group of persons that is drawn from.
    """
    inside = np.linspace(0.0, 1.0, POINTS)
    share = np.diff(edges)
    ranks = edges[:-1, None] + share[:, None] * inside
    values = marginal.low[:, None] + (marginal.high - marginal.low)[:, None] * inside
    passes = np.ones(ranks.shape, dtype=np.bool_)
    for test in tests:
        good = marginal.accepts(test, marginal.recorded(values.ravel())).reshape(ranks.shape)
        if test.comparison in ("=", "in") and marginal.levels is None:
            good |= (marginal.low < marginal.high)[:, None]  # the wanted number may lie between two points
        passes &= good
    cells = np.flatnonzero(passes.any(axis=1) & (share > 0.0))
    first, last = passes[cells].argmax(axis=1), POINTS - 1 - passes[cells, ::-1].argmax(axis=1)
    low = ranks[cells, np.maximum(first - 1, 0)]
    return np.stack([low, ranks[cells, np.minimum(last + 1, POINTS - 1)]], axis=1)


def draw_ranks(intervals: Floats, n: int, rng: np.random.Generator) -> Floats:
    """``n`` ranks, uniform over ``intervals`` (k, 2)."""
    ends = np.append(0.0, np.cumsum(intervals[:, 1] - intervals[:, 0]))
    position = rng.random(n) * ends[-1]
    chosen = np.searchsorted(ends[1:-1], position, side="right")
    return np.asarray(intervals[chosen, 0] + position - ends[chosen], dtype=np.float64)
