"""The baseline hazard of a follow-up, in intervals of time that all sites share.

Source : Breslow 1974, Biometrics 30, 89 (Nelson and Aalen's where nobody's relative hazard is known yet).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.analyse.trees.losses import relative_hazard
from cohortium.analyse.trees.target import unit_for, whole

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Integers = NDArray[np.int64]
    Reals = NDArray[np.float64]

LARGEST_HAZARD = 4096.0


def baseline_arrays(by_time: Integers, edges: Reals, cuts: Reals) -> dict[str, NDArray[Any]]:
    """Upper ends of the intervals, events (2, intervals) in each, and the first cumulative hazard (intervals,).

    by_time : rows and events (2, training or held out, cells) by fine cells, whose upper ends are ``edges``.
    """
    # A cell belongs to the interval in which its upper end lies; that of the last cell is open.
    interval = np.append(np.searchsorted(cuts, edges, "left"), len(cuts))
    grouped = np.zeros((2, 2, len(cuts) + 1), dtype=np.int64)
    for kind in (0, 1):
        for part in (0, 1):
            np.add.at(grouped[kind, part], interval, by_time[kind, part])
    hazard = cumulative_hazard(grouped[1, 0], grouped[0, 0].astype(np.float64))
    return {"times": cuts, "events": grouped[1], "hazard": hazard}


def cumulative_hazard(events: Integers, risk: Reals) -> Reals:
    """Cumulative baseline hazard (intervals,) at the end of each interval.

    risk : (intervals,) relative hazards of those who leave in each, summed.
    """
    at_risk = np.cumsum(risk[::-1])[::-1]
    return np.asarray(np.cumsum(np.divide(events, at_risk, out=np.zeros(len(risk)), where=at_risk > 0)))


def log_partial(events: Integers, risk: Reals) -> float:
    """What those at risk take from the logarithm of the partial likelihood: the sum over events of log(risk)."""
    at_risk = np.cumsum(risk[::-1])[::-1]
    return float(events @ np.log(np.where(at_risk > 0, at_risk, 1.0)))


def interval_of(times: Reals, cuts: Reals) -> NDArray[np.int64]:
    """The interval (n,) in which each time lies."""
    return np.asarray(np.searchsorted(cuts, times, "left"), dtype=np.int64)


def risk_by_interval(scores: Reals, interval: Integers, held: NDArray[np.bool_], width: int, rows: int) -> Integers:
    """Relative hazards (2, width), training and held out, summed by interval in units of ``risk_unit``."""
    found = np.zeros((2, width), dtype=np.int64)
    hazards = whole(relative_hazard(scores), risk_unit(rows), LARGEST_HAZARD)
    np.add.at(found, (held.astype(np.int64), interval), hazards)
    return found


def risk_unit(rows: int) -> float:
    """The unit of summed relative hazards, with so many rows over all sites."""
    return unit_for(LARGEST_HAZARD, rows)
