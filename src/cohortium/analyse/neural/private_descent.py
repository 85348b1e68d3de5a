"""Descent that hides every patient at each of its steps: lots drawn at random, clipped gradients, noise.

Source : Abadi et al. 2016, Deep Learning with Differential Privacy, algorithm 1; its cost: privacy/sampled_accounting.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from cohortium.analyse.neural.learner import Learner
from cohortium.analyse.neural.rounds import ROUNDING
from cohortium.privacy.secure_noise import Noise, chosen_with, discrete_gaussian, few_digits

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]

_FINE = 32
"""A gradient may be at least as long as this many times what rounding can add to it."""
_UNITS = 1024
"""And as this many units: the errors of rounding a lot's gradients stay small beside the noise."""
_FARTHEST = 1e100
"""No weight of use is as far from 0, and squares of nearer ones are still numbers."""


@dataclass(frozen=True, slots=True)
class PrivateDescent:
    """Steps down a noisy slope.

    lot   : chance with which a patient is in the lot of a step.
    clip  : L2 norm to which a patient's gradient is clipped, rounding included.
    noise : deviation of the noise over ``clip``; 0 in tests alone.
    steps : in one round.
    rate, decay : learning rate, and factor of half the squared length of the weights in the loss.
    expected : patients that a lot is taken to have; known to all, since the true number is a fact about patients.
    """

    lot: float
    clip: float
    noise: float
    steps: int
    rate: float
    decay: float
    expected: float

    def moved(self, learner: Learner, weights: Reals, noise: Noise) -> Reals:
        """How far a site's weights move in a round.

        It never fails, whatever the noise is: a failure would say something of noise that could then be drawn again.
        """
        at = weights
        with np.errstate(all="ignore"):
            for _ in range(self.steps):
                rows = np.flatnonzero(chosen_with(self.lot, len(learner.y), noise))
                slope = self.slope(learner, at, rows, noise) / self.expected
                at = np.clip(at - self.rate * (slope + self.decay * at), -_FARTHEST, _FARTHEST)
            return np.nan_to_num(at - weights)

    def slope(self, learner: Learner, weights: Reals, rows: NDArray[np.int64], noise: Noise) -> Reals:
        """Sum over ``rows`` of their clipped gradients, with noise, on a grid.

        A whole-numbered vector is at most half a unit a weight from its gradient, which is clipped to so much less than
        ``clip``: no patient moves the sum by more than ``clip``. The sum and its noise are whole, so that no last digit
        shows what was hidden (Mironov 2012).
        Limits : that the last digits of a patient's gradient do not depend on who else is in the lot is up to PyTorch;
                 where they do, a number that lies between two units to about 1e-12 of one may be rounded otherwise.
        """
        added = math.sqrt(len(weights)) / 2
        units = max(_UNITS, 2 ** math.ceil(math.log2(_FINE * added)))
        unit, longest = self.clip / units, (1 - added / units) * self.clip / ROUNDING
        total = np.zeros(len(weights), dtype=np.int64)
        for slopes in learner.row_gradients(weights, longest, rows):
            total += np.rint(slopes / unit).astype(np.int64).sum(axis=0)
        if self.noise > 0:
            variance = few_digits(Fraction(self.noise * units) ** 2)
            total += discrete_gaussian(variance, len(total), noise)
        return np.asarray(total * unit)
