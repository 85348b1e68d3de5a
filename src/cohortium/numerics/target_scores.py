"""Functions of a column's bin whose means tell two groups of rows apart.

For an ordered column they are a Neyman smooth basis: Legendre polynomials of the mid-rank, with indicators for heavy
bins and for "missing", made orthonormal under the column's own distribution (Neyman 1937; Rayner and Best 1989).
For a nominal column they are indicators of its levels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.polynomial import legendre

if TYPE_CHECKING:
    from numpy.typing import NDArray

DEGREE = 4
HEAVY = 0.03
DOMINANT = 0.2
MOST_HEAVY = 6
MOST_LEVELS = 24
LEVEL_POWER = 0.25
"""Indicators are divided by share**0.25: half way between the Gini index (0) and chi-square (0.5)."""


def ordered_scores(share: NDArray[np.float64]) -> NDArray[np.float64]:
    """Orthonormal scores (width, t) of an ordered column with these bin shares; bin 0 is "missing"."""
    width = len(share)
    present = share.copy()
    present[0] = 0.0
    whole = present.sum()
    if whole <= 0:
        return np.zeros((width, 0))
    heavy = [int(place) for place in np.argsort(-present, kind="stable")[:MOST_HEAVY] if present[place] > HEAVY]
    # beside a bin as heavy as "no capital gain", ranks of the others would all be squeezed to one end
    rest = np.where(present > DOMINANT, 0.0, present)
    middle = 2 * (np.cumsum(rest) - rest / 2) / max(rest.sum(), 1e-12) - 1
    columns = [np.ones(width)]
    if share[0] > 0:
        columns.append(_indicator(width, 0))
    columns += [_indicator(width, place) for place in heavy if present[place] > DOMINANT]
    for degree in range(1, DEGREE + 1):
        polynomial = legendre.legval(middle, [0.0] * degree + [1.0])
        columns.append(np.where(rest > 0, polynomial, 0.0))
    columns += [_indicator(width, place) for place in heavy if present[place] <= DOMINANT]
    return _orthonormal(np.stack(columns, axis=1), share)


def level_scores(share: NDArray[np.float64]) -> NDArray[np.float64]:
    """Centred scores (width, t) of a nominal column with these bin shares; bin 0 is "missing"."""
    common = [place for place in np.argsort(-share, kind="stable")[:MOST_LEVELS] if share[place] > 0]
    indicators = np.zeros((len(share), len(common)))
    for score, place in enumerate(common):
        indicators[place, score] = 1.0 / share[place] ** LEVEL_POWER
    if len(common) == np.count_nonzero(share) and len(common) > 1:
        indicators = indicators[:, 1:] if len(common) == 2 else indicators
    return np.asarray(indicators - share @ indicators)


def level_ranks(
    level: NDArray[np.uint8], width: int, scores: NDArray[np.float32], most: int
) -> list[tuple[NDArray[np.uint8], int]]:
    """Orders of a nominal feature's levels along which a target differs most: lookups (256,) with their widths.

    level  : (n,) the feature's bins; scores : (n, t) the target's scores.
    """
    count = np.bincount(level, minlength=width).astype(np.float64)
    sums = np.stack([np.bincount(level, weights=score, minlength=width) for score in scores.T], axis=1)
    return summed_level_ranks(count, sums.astype(np.float64), most)


def summed_level_ranks(
    count: NDArray[np.float64], sums: NDArray[np.float64], most: int
) -> list[tuple[NDArray[np.uint8], int]]:
    """The same from the rows of each level (width,) and the sums of the target's scores over them (width, t).

    Levels are placed along the first two principal directions of their mean scores, so that one cut of an order is a
    good split of the levels (Fisher 1958 for one score); small levels are drawn towards the mean.
    """
    mean = sums / (count + 10.0)[:, None]
    mean -= count @ mean / max(count.sum(), 1.0)
    _, strength, directions = np.linalg.svd(np.sqrt(count)[:, None] * mean, full_matrices=False)
    orders = []
    for number in range(min(2, len(strength))):
        if number and strength[number] < 0.1 * strength[0]:
            break
        orders.append(_ranked(mean @ directions[number], count, most))
    return orders


def coarse_ranks(count: NDArray[np.float64], most: int) -> tuple[NDArray[np.uint8], int]:
    """An ordered feature's bins merged into at most ``most`` groups of like weight; "missing" stays apart."""
    lookup = np.zeros(256, np.uint8)
    width = len(count)
    if width - 1 <= most:
        lookup[:width] = np.arange(width)
        return lookup, width
    present = np.asarray(count[1:], dtype=np.float64)
    middle = (np.cumsum(present) - present / 2) / max(present.sum(), 1.0)
    group = np.unique(np.minimum((middle * most).astype(int), most - 1), return_inverse=True)[1]
    lookup[1:width] = group + 1
    return lookup, int(group.max()) + 2


def _ranked(position: NDArray[np.float64], count: NDArray[np.float64], most: int) -> tuple[NDArray[np.uint8], int]:
    order = np.argsort(position, kind="stable")
    lookup = np.zeros(256, np.uint8)
    if len(order) <= most:
        lookup[order] = np.arange(len(order))
        return lookup, len(order)
    reached = np.cumsum(count[order]) / max(count.sum(), 1.0)
    group = np.unique(np.minimum((reached * most).astype(int), most - 1), return_inverse=True)[1]
    lookup[order] = group
    return lookup, int(group.max()) + 1


def _indicator(width: int, place: int) -> NDArray[np.float64]:
    column = np.zeros(width)
    column[place] = 1.0
    return column


def _orthonormal(columns: NDArray[np.float64], share: NDArray[np.float64]) -> NDArray[np.float64]:
    basis, triangle = np.linalg.qr(columns * np.sqrt(share)[:, None])
    keep = np.abs(np.diag(triangle)) > 1e-4
    keep[0] = False  # the constant tells no groups apart
    scores = np.zeros((len(share), int(keep.sum())))
    seen = share > 0
    scores[seen] = basis[seen][:, keep] / np.sqrt(share[seen])[:, None]
    return scores
