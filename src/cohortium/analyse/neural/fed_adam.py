"""FedAdam: the hub takes the sites' mean change for a gradient, and steps as Adam does.

Source : Reddi et al. 2021, Adaptive Federated Optimization, algorithm 2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cohortium.analyse.neural.fed_avg import FedAvg
from cohortium.analyse.neural.learner import Learner
from cohortium.analyse.neural.strategy import UPDATE, WEIGHTS

if TYPE_CHECKING:
    from cohortium.analyse.neural.strategy import Arrays, Reals

FIRST, SECOND = "first_moment", "second_moment"
_BETA_1, _BETA_2 = 0.9, 0.99
_ADAPTIVITY = 1e-3
"""Tau in the paper: both the smallest root that is divided by and the root of the second moment at the start."""


@dataclass(frozen=True, slots=True)
class FedAdam:
    """Steps of about ``server_rate`` a weight, however long the sites' changes are."""

    server_rate: float

    def begin(self, weights: Reals) -> dict[str, Reals]:
        """Moments at rest."""
        return {
            WEIGHTS: weights,
            FIRST: np.zeros(len(weights)),
            SECOND: np.full(len(weights), _ADAPTIVITY**2),
        }

    def at_site(self, learner: Learner, arrays: Arrays, own: Reals) -> dict[str, Reals]:
        """As in federated averaging."""
        return FedAvg().at_site(learner, arrays, own)

    def at_hub(self, means: Arrays, arrays: Arrays) -> dict[str, Reals]:
        """A step along the first moment over the root of the second."""
        change = means[UPDATE]
        first = _BETA_1 * arrays[FIRST] + (1 - _BETA_1) * change
        second = _BETA_2 * arrays[SECOND] + (1 - _BETA_2) * change**2
        moved = arrays[WEIGHTS] + self.server_rate * first / (np.sqrt(second) + _ADAPTIVITY)
        return {WEIGHTS: moved, FIRST: first, SECOND: second}

    def personal(self, learner: Learner, arrays: Arrays) -> Reals:
        """The shared weights."""
        return arrays[WEIGHTS]
