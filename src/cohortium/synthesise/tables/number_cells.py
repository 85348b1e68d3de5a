"""The cells of a number: spikes where many persons share a value, and between them a smooth curve through bins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cohortium.numerics.person_bins import person_bins
from cohortium.synthesise.tables.heaping import heaped
from cohortium.synthesise.tables.marginal_codec import Grain

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Cells = tuple[Floats, Floats, Floats]
    """Shares, low and high ends (m,) of cells in order."""

FILLING = 1.0
"""A bin takes so many times the square root of the persons: enough for its share not to be mere chance."""
MOST_BINS = 500
SPIKE = 2.0
"""A value shared by so many times as many persons as the values around it is a spike."""
ENDS = 3
"""The range of a column ends at the mean of so many of its most extreme values."""
PIECES = 4
TAIL_PIECES = 8


def number_cells(
    values: Floats, codes: NDArray[np.int64], weights: Floats, persons: int, least: int, grain: Grain
) -> Cells:
    """The cells of the known values (n,) of a column, every bin and spike of ``least`` persons or more.

    codes, weights : (n,) the person of each value, below ``persons``, and what the value counts.
    """
    order = np.argsort(values, kind="stable")
    values, weights = values[order], weights[order]
    full = max(least, persons // MOST_BINS, round(FILLING * persons**0.5))
    bins, spikes = person_bins(values, codes[order], persons, least, full, SPIKE)
    starts = np.searchsorted(bins, np.arange(len(spikes) + 1))
    shares = np.add.reduceat(weights, starts[:-1]) / weights.sum()
    low, high = _ranges(values, starts, spikes, grain)
    cells = _curved(shares, low, high, 4.0 * grain.at(low))
    if len(shares) > 1 and np.isnan(spikes[-1]):
        cells[-1] = _tail(shares[-1], low[-1], high[-1], float(values[starts[-2] :].mean()))
    if len(shares) > 1 and np.isnan(spikes[0]):
        tail_shares, tail_high, tail_low = _tail(shares[0], high[0], low[0], float(values[: starts[1]].mean()))
        cells[0] = tail_shares, tail_low[::-1], tail_high[::-1]
    shares, low, high = (np.concatenate(parts) for parts in zip(*cells, strict=True))
    if grain.step > 0.0 and (grain.at(values) == grain.step).all():
        shares, low, high = heaped(shares, low, high, values, weights, grain.step)
    return shares, low, high


def _ranges(values: Floats, starts: NDArray[np.int64], spikes: Floats, grain: Grain) -> tuple[Floats, Floats]:
    """Where the bins of a sorted column begin and end, without a bound that is one person's value.

    Two bins meet halfway between their values. Beside a spike, and at the ends of the column, a bin reaches to the
    mean of its outermost values.
    """
    low, high = spikes.copy(), spikes.copy()
    half = grain.at(values) / 2.0
    for i in np.flatnonzero(np.isnan(spikes)):
        members = values[starts[i] : starts[i + 1]]
        outermost = min(ENDS, max(2, len(members) // 3))
        low[i] = members[:outermost].mean() - half[starts[i]]
        high[i] = members[-outermost:].mean() + half[starts[i + 1] - 1]
        if i > 0 and np.isnan(spikes[i - 1]):
            low[i] = high[i - 1] = (values[starts[i] - 1] + members[0]) / 2
    return low, high


def _curved(shares: Floats, low: Floats, high: Floats, narrow: Floats) -> list[Cells]:
    """Each bin in pieces of equal share, along a smooth rising curve through the ends of neighbouring bins.

    narrow : (m,) width below which a bin stays whole, because its values can be counted on one hand.
    Source : Fritsch and Butland 1984 (slopes that keep the curve rising).
    """
    steep = (high - low) / shares  # slope of the quantile function in each bin
    meets = np.append(high[:-1] == low[1:], False) & (steep > 0.0) & np.append(steep[1:] > 0.0, False)
    joint = np.where(meets, 3.0 / (1.0 / np.maximum(steep, 1e-300) + 2.0 / np.maximum(np.roll(steep, -1), 1e-300)), 0.0)
    part = np.linspace(0.0, 1.0, PIECES + 1)
    answer: list[Cells] = []
    for i in range(len(shares)):
        if high[i] - low[i] < narrow[i] or low[i] == high[i]:
            answer.append((shares[i : i + 1], low[i : i + 1], high[i : i + 1]))
            continue
        first = joint[i - 1] if i > 0 and meets[i - 1] else steep[i]
        last = joint[i] if meets[i] else steep[i]
        rise = part**2 * (3.0 - 2.0 * part)
        bend = shares[i] * (first * part * (1.0 - part) ** 2 - last * part**2 * (1.0 - part))
        cuts = low[i] + (high[i] - low[i]) * rise + bend
        answer.append((np.full(PIECES, shares[i] / PIECES), cuts[:-1], cuts[1:]))
    return answer


def _tail(share: float, inner: float, outer: float, mean: float) -> Cells:
    """The outermost bin as pieces of equal share whose widths grow outwards, so that its mean is that of its members.

    Returns : shares, inner ends and outer ends of the pieces.
    """
    reach, excess = outer - inner, mean - inner
    power = float(np.clip(reach / excess - 1.0, 1.0, 6.0)) if excess * reach > 0.0 else 1.0
    cuts = inner + reach * np.linspace(0.0, 1.0, TAIL_PIECES + 1) ** power
    return np.full(TAIL_PIECES, share / TAIL_PIECES), cuts[:-1], cuts[1:]
