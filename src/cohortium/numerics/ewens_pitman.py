"""The Ewens-Pitman model of how persons fall into classes, one after the other.

Who comes after i persons starts a class of his own with chance (theta + classes * alpha) / (theta + i), and joins a
class of c persons with chance (c - alpha) / (theta + i).

Sources : Pitman 1995, Probability Theory and Related Fields 102; Hoshino 2001, J. Official Statistics 17, 499-520 (for
          the risk in samples of records).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cohortium.errors import NotApplicable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]

_HALVINGS = 60


@dataclass(frozen=True, slots=True)
class EwensPitman:
    """Parameters of the model: theta > 0 and 0 <= alpha < 1."""

    theta: float
    alpha: float

    def alone(self, persons: int) -> float:
        """Expected number of persons, of so many, who are alone in their class.

        The first is alone if no other joins him: the product over i of (theta + alpha + i - 1) / (theta + i); and the
        model does not depend on the order of the persons. Hoshino gives the limit for many persons.
        """
        theta, alpha = self.theta, self.alpha
        joined = math.lgamma(persons + theta + alpha - 1) - math.lgamma(persons + theta)
        return persons * math.exp(math.lgamma(theta + 1) - math.lgamma(theta + alpha) + joined)


def fit_ewens_pitman(values: Reals, classes: Reals) -> EwensPitman:
    """The parameters under which the classes of a sample are likeliest.

    values, classes : sizes that occur, and how many classes have each (s,).
    Raises          : NotApplicable where the likelihood has no greatest value: all persons are alone, or in one class.
    """
    number, persons = float(classes.sum()), float((values * classes).sum())
    if number in (persons, 1.0):
        raise NotApplicable(
            "Pitman's model needs classes of several sizes; here all persons are alone, or in one class."
        )

    def theta_at(alpha: float) -> float:
        def slope(log_theta: float) -> float:
            theta = math.exp(log_theta)
            return _steps(theta, alpha, number) - (_digamma(theta + persons) - _digamma(theta + 1))

        return math.exp(_root(slope, -20.0, math.log(persons) + 20.0))

    def slope(alpha: float) -> float:
        theta = theta_at(alpha)
        started = (number - 1 - theta * _steps(theta, alpha, number)) / alpha
        return started - float(classes @ (_digammas(values - alpha) - _digamma(1 - alpha)))

    alpha = _root(slope, 1e-6, 1 - 1e-9)
    return EwensPitman(theta_at(alpha), alpha)


def _steps(theta: float, alpha: float, number: float) -> float:
    """Sum over i = 1 ... number - 1 of 1 / (theta + i alpha)."""
    return (_digamma(theta / alpha + number) - _digamma(theta / alpha + 1)) / alpha


def _digamma(value: float) -> float:
    """The derivative of log gamma: its asymptotic series, once the argument is large enough."""
    total = 0.0
    while value < 10:
        total -= 1 / value
        value += 1
    square = 1 / value**2
    tail = square * (1 / 12 - square * (1 / 120 - square * (1 / 252 - square * (1 / 240 - square / 132))))
    return total + math.log(value) - 0.5 / value - tail


def _digammas(values: Reals) -> Reals:
    return np.array([_digamma(float(value)) for value in values])


def _root(falling: Callable[[float], float], low: float, high: float) -> float:
    """Where a function that falls through 0 does so; the end that is nearer where it does not."""
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if falling(middle) > 0 else (low, middle)
    return (low + high) / 2
