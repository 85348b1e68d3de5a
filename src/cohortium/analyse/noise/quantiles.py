"""Quantiles from noisy counts: between which points a quantile lies for sure, and when to look no closer.

Every round has noise of its own, and half the budget of the round before; its error is half of that round's, too, so
that all rounds together keep to the level.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.analyse.answers import number
from cohortium.analyse.noise.counts import LEVEL
from cohortium.numerics.distributions import normal_quantile
from cohortium.records import State, Sums

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_ROUNDS = 12


def with_sure_bounds(
    following: State,
    state: State,
    total: Sums,
    points: NDArray[np.float64],
    ranks: NDArray[np.int64],
    probabilities: Sequence[float],
) -> State:
    """The following state with the bounds between which each order statistic lies at the level ``LEVEL``.

    points : (variables, order statistics, points) at which was counted. ranks : (variables, order statistics).
    """
    number_of = int(state.facts.get("round", 0))
    tail = (1 - LEVEL) / 2 ** (number_of + 1) / (2 * points.shape[2])
    known_share = np.tile(probabilities, 2)[None, :, None] * total.noise["known"]
    margin = -normal_quantile(tail) * np.hypot(total.noise["at_most"], known_share) + 1  # 1: ranks are whole numbers
    ahead = total["at_most"] - ranks[..., None]
    low = np.where(ahead < -margin, points, -np.inf).max(axis=2)
    high = np.where(ahead >= margin, points, np.inf).min(axis=2)
    low = np.maximum(low, state.arrays.get("sure_low", -np.inf))
    high = np.minimum(high, state.arrays.get("sure_high", np.inf))
    facts = {**following.facts, "round": number_of + 1}
    return State(following.step, facts, {**following.arrays, "sure_low": low, "sure_high": high})


def is_outweighed(state: State, total: Sums) -> NDArray[np.bool_]:
    """True (variables, order statistics) where an interval's own count drowns in noise, or rounds are used up."""
    inside = total["at_most"][..., -1] - total["at_most"][..., 0]
    last = int(state.facts.get("round", 0)) >= MOST_ROUNDS
    return np.asarray((inside < 2 * math.sqrt(2) * total.noise["at_most"]) | last, dtype=np.bool_)


def sure_columns(state: State, place: int) -> dict[str, list[Any]]:
    """Columns ``low`` and ``high`` of the answer for a variable; None where nothing is known of a side."""
    low, high = state.arrays["sure_low"][place], state.arrays["sure_high"][place]
    half = len(low) // 2
    bounds = state.facts["bounds"][place]
    lows = [bounds[0] if math.isinf(one) else number(one) for one in np.minimum(low[:half], low[half:])]
    highs = [bounds[1] if math.isinf(one) else number(one) for one in np.maximum(high[:half], high[half:])]
    return {"low": lows, "high": highs}
