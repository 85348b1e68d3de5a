"""How far predicted probabilities are from smoothed frequencies, from sums by interval of the probability.

Source : Austin & Steyerberg 2019, Stat. Med. 38, 4051: ICI, E50 and E90.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cohortium.numerics.local_regression import smoother

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]

MOST_POINTS = 500
FEWEST_POINTS = 3


@dataclass(frozen=True, slots=True)
class CalibrationIndex:
    """Distances between predictions and smoothed frequencies.

    ici, error : their mean over persons, and its standard error by the delta method with the predictions as given.
    e50, e90   : the smallest distance that half, and nine tenths, of the persons do not exceed.
    resolution : by how much the mean changes where intervals are twice as wide.
    """

    ici: float
    error: float
    e50: float
    e90: float
    resolution: float


def calibration_index(n: Reals, events: Reals, expected: Reals, span: float) -> CalibrationIndex | None:
    """From persons, outcomes and sums of predictions in each interval (k,); None below three intervals with anybody.

    Within an interval all persons count as having its mean prediction. More than ``MOST_POINTS`` intervals are joined.
    span : of the local regression.
    """
    kept = n > 0
    n, events, expected = _joined(n[kept], events[kept], expected[kept], MOST_POINTS)
    if len(n) < FEWEST_POINTS:
        return None
    gaps, hat = _gaps(n, events, expected, span)
    share, distance = n / n.sum(), np.abs(gaps)
    smoothed = np.clip(expected / n + gaps, 0.0, 1.0)
    pull = (share * np.sign(gaps)) @ hat
    error = float(np.sqrt(np.sum(pull**2 * smoothed * (1.0 - smoothed) / n)))
    ici = float(share @ distance)
    wider = _joined(n, events, expected, -(-len(n) // 2))
    coarse, _ = _gaps(*wider, span)
    resolution = abs(ici - float(wider[0] / n.sum() @ np.abs(coarse)))
    return CalibrationIndex(ici, error, _quantile(distance, share, 0.5), _quantile(distance, share, 0.9), resolution)


def _gaps(n: Reals, events: Reals, expected: Reals, span: float) -> tuple[Reals, Reals]:
    """Smoothed frequency less mean prediction in each interval, and the matrix that smooths."""
    predicted = expected / n
    hat = smoother(predicted, n, span)
    return hat @ (events / n) - predicted, hat


def _joined(n: Reals, events: Reals, expected: Reals, most: int) -> tuple[Reals, Reals, Reals]:
    """Neighbouring intervals joined, equally many each, until there are at most ``most``."""
    if len(n) <= most:
        return n, events, expected
    first = np.unique(np.arange(len(n)) * most // len(n), return_index=True)[1]
    return np.add.reduceat(n, first), np.add.reduceat(events, first), np.add.reduceat(expected, first)


def _quantile(distance: Reals, share: Reals, p: float) -> float:
    order = np.argsort(distance, kind="stable")
    return float(distance[order][np.argmax(np.cumsum(share[order]) >= p - 1e-9)])
