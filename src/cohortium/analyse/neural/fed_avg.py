"""Federated averaging: every site descends for a while, and the hub averages where they arrive.

Source : McMahan et al. 2017, Communication-Efficient Learning of Deep Networks from Decentralized Data, algorithm 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cohortium.analyse.neural.learner import Learner
from cohortium.analyse.neural.strategy import UPDATE, WEIGHTS

if TYPE_CHECKING:
    from cohortium.analyse.neural.strategy import Arrays, Reals


@dataclass(frozen=True, slots=True)
class FedAvg:
    """The mean of the sites' changes, by rows, times ``server_rate``; 1 is the mean of their weights."""

    server_rate: float = 1.0

    def begin(self, weights: Reals) -> dict[str, Reals]:
        """The weights alone."""
        return {WEIGHTS: weights}

    def at_site(self, learner: Learner, arrays: Arrays, own: Reals) -> dict[str, Reals]:
        """How far the site's descent led."""
        return {UPDATE: learner.descend(own) - own}

    def at_hub(self, means: Arrays, arrays: Arrays) -> dict[str, Reals]:
        """A step along the mean."""
        return {WEIGHTS: arrays[WEIGHTS] + self.server_rate * means[UPDATE]}

    def personal(self, learner: Learner, arrays: Arrays) -> Reals:
        """The shared weights."""
        return arrays[WEIGHTS]
