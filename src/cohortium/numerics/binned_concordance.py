"""Harrell's concordance from counts of persons by time and by risk score."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]


def binned_concordance(
    events: NDArray[np.int64], censored: NDArray[np.int64], first: NDArray[np.int64]
) -> tuple[float, float]:
    """Harrell's C and its standard error; NaN where no pair has a known order.

    events   : (times, bins) persons with the event at each time, by rising risk score; a bin's scores count as tied.
    censored : (times, bins) persons who outlived the events of this time and are not known to have lived longer.
    first    : (strata + 1,) where each stratum's times begin; only pairs within a stratum are compared.
    Source   : Harrell et al. 1982, JAMA 247, 2543; the infinitesimal jackknife as in Therneau & Atkinson, vignette
               "Concordance" of the R package survival, 2024.
    """
    parts = []
    for start, stop in pairwise(first.tolist()):
        E, C = events[start:stop].astype(np.float64), censored[start:stop].astype(np.float64)
        outliving = np.cumsum((E + C)[::-1], axis=0)[::-1] - E
        as_event = _won(outliving, above=False), outliving.sum(axis=1, keepdims=True)
        upto = np.cumsum(E, axis=0)
        as_censored = _won(upto, above=True), upto.sum(axis=1, keepdims=True)
        as_outlived = as_censored[0] - _won(E, above=True), as_censored[1] - E.sum(axis=1, keepdims=True)
        both = as_event[0] + as_outlived[0], as_event[1] + as_outlived[1]
        parts.append((E, *both))
        parts.append((C, *as_censored))
    # Every pair was counted at either of its two persons.
    won = sum(float((count * wins).sum()) for count, wins, _ in parts)
    pairs = sum(float((count * met).sum()) for count, _, met in parts)
    if not pairs > 0:
        return math.nan, math.nan
    value = won / pairs
    spread = sum(float((count * (wins - value * met) ** 2).sum()) for count, wins, met in parts)
    return value, math.sqrt(spread) / (pairs / 2)


def _won(others: Reals, *, above: bool) -> Reals:
    """Per bin, persons in ``others`` in lower bins (or higher ones), those in the same bin counted half."""
    upto = np.cumsum(others, axis=1)
    return (upto[:, -1:] - upto if above else upto - others) + others / 2
