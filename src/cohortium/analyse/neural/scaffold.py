"""SCAFFOLD: every site corrects its descent by how its gradient differs from that of all sites.

A site's control variate is its gradient at the weights of the round before (option I of the paper). Sites keep no
memory here: the hub sends those weights along, and the site takes the gradient again. Every site counts by its rows,
so that what is minimised is the loss over all rows.
Source : Karimireddy et al. 2020, SCAFFOLD: Stochastic Controlled Averaging for Federated Learning, algorithm 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cohortium.analyse.neural.framework import torch
from cohortium.analyse.neural.learner import Learner
from cohortium.analyse.neural.strategy import UPDATE, WEIGHTS

if TYPE_CHECKING:
    from cohortium.analyse.neural.strategy import Arrays, Reals

PREVIOUS, CONTROL, GRADIENT = "previous", "control", "gradient"


@dataclass(frozen=True, slots=True)
class Scaffold:
    """Descent along gradient - own control + control of all; a step of ``server_rate`` along the mean."""

    server_rate: float = 1.0

    def begin(self, weights: Reals) -> dict[str, Reals]:
        """No control yet: an empty array, since a control of zeros would pull."""
        return {WEIGHTS: weights, PREVIOUS: weights, CONTROL: np.zeros(0)}

    def at_site(self, learner: Learner, arrays: Arrays, own: Reals) -> dict[str, Reals]:
        """How far the corrected descent led, and the gradient at the weights that came."""
        control, pull = arrays[CONTROL], None
        if len(control):
            correction = control - learner.gradient(arrays[PREVIOUS])
            pull = lambda _at: torch().from_numpy(correction)  # noqa: E731
        return {UPDATE: learner.descend(own, pull) - own, GRADIENT: learner.gradient(own)}

    def at_hub(self, means: Arrays, arrays: Arrays) -> dict[str, Reals]:
        """A step along the mean; the sites' mean gradient is the next control."""
        moved = arrays[WEIGHTS] + self.server_rate * means[UPDATE]
        return {WEIGHTS: moved, PREVIOUS: arrays[WEIGHTS], CONTROL: means[GRADIENT]}

    def personal(self, learner: Learner, arrays: Arrays) -> Reals:
        """The shared weights."""
        return arrays[WEIGHTS]
