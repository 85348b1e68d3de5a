"""Heaping: people record 120 rather than 121. Bins of numbers, refined by the last digits that a column prefers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

WIDEST = 2_000
"""Columns of more recordable values than this are left as they are."""
PLAUSIBLE_BY_CHANCE = 27.9
"""99.9 % quantile of chi-squared with 9 degrees of freedom."""
SLIGHT = 0.15
"""Chi-squared per person below which a preference is too slight to be heaping."""
CAUTION = 10.0
"""Persons' worth of "no preference" that every last digit starts with."""


def heaped(
    shares: Floats, low: Floats, high: Floats, values: Floats, weights: Floats, step: float
) -> tuple[Floats, Floats, Floats]:
    """The cells of a column, its bins broken up into single values where last digits are preferred.

    shares, low, high : (m,) cells in order; ``low`` = ``high`` for spikes.
    values, weights   : (n,) the column's values, and what each row counts.
    step              : distance of neighbouring values that can be recorded.

    A value's share comes from its bin and from its last digit's preference over the whole column, so it says nothing
    of the few persons who carry the value.
    """
    bins = low < high
    if not bins.any() or (high[-1] - low[0]) / step > WIDEST:
        return shares, low, high
    cell, number, covered = _cover(low / step, high / step, bins)
    expected = np.bincount(number % 10, shares[cell] * covered * weights.sum(), minlength=10)
    numbers = np.round(values / step).astype(np.int64)
    inside = ~np.isin(numbers, np.round(low[~bins] / step).astype(np.int64))
    observed = np.bincount(numbers[inside] % 10, weights[inside], minlength=10)
    usual = np.maximum(expected, 1e-9)
    surprise = ((observed - expected) ** 2 / np.maximum(usual, 1.0)).sum()
    if surprise < max(PLAUSIBLE_BY_CHANCE, SLIGHT * observed.sum()):
        return shares, low, high
    preference = (observed + CAUTION * expected / usual.sum()) / (usual + CAUTION * usual / usual.sum())
    pull = covered * preference[number % 10]
    pull /= np.bincount(cell, pull, minlength=len(shares))[cell]
    single_values = np.concatenate([number, np.round(low[~bins] / step).astype(np.int64)])
    single_shares = np.concatenate([shares[cell] * pull, shares[~bins]])
    distinct, place = np.unique(single_values, return_inverse=True)
    return np.bincount(place, single_shares).astype(np.float64), distinct * step, distinct * step


def _cover(low: Floats, high: Floats, bins: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
    """Which whole numbers round out of which bin: bin, number, and the part of the bin's width that rounds to it."""
    cells, numbers, parts = [], [], []
    for i in np.flatnonzero(bins):
        inside = np.arange(np.floor(low[i] + 0.5), np.floor(high[i] + 0.5) + 1)
        overlap = np.minimum(inside + 0.5, high[i]) - np.maximum(inside - 0.5, low[i])
        keep = overlap > 1e-9
        cells.append(np.full(int(keep.sum()), i))
        numbers.append(inside[keep].astype(np.int64))
        parts.append(overlap[keep] / overlap[keep].sum())
    return np.concatenate(cells), np.concatenate(numbers), np.concatenate(parts)
