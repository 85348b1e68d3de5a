"""From right guesses about membership to a lower bound on epsilon."""

from __future__ import annotations

import math

import numpy as np

from cohortium.numerics.intervals import binomial_tail, log_factorials


def lower_bound(correct: int, guesses: int, flips: int, delta: float, error: float = 0.05) -> float:
    """The largest epsilon that so many right guesses rule out, with chance ``error`` of ruling out a true one.

    correct, guesses : right guesses, and guesses, about persons whose membership was decided by fair coins.
    flips            : coins in all, guessed about or not.
    Source           : Steinke, Nasr and Jagielski 2023: under (epsilon, delta)-DP the right guesses are at most
                       binomial with chance exp(epsilon) / (1 + exp(epsilon)), up to a term of order delta.
    """
    if p_value(correct, guesses, flips, 0.0, delta) >= error:
        return 0.0
    low, high = 0.0, 1.0
    while p_value(correct, guesses, flips, high, delta) < error and high < 64:
        high *= 2
    for _ in range(40):
        middle = (low + high) / 2
        if p_value(correct, guesses, flips, middle, delta) < error:
            low = middle
        else:
            high = middle
    return low


def p_value(correct: int, guesses: int, flips: int, epsilon: float, delta: float) -> float:
    """Chance of at least so many right guesses under (epsilon, delta)-differential privacy, at most."""
    log_right = -math.log1p(math.exp(-epsilon))
    beta = binomial_tail(correct, guesses, math.exp(log_right))
    if delta <= 0 or correct == 0:
        return beta
    fewer = np.arange(correct - 1, -1, -1)
    log = log_factorials(guesses)
    chances = log[guesses] - log[fewer] - log[guesses - fewer] + guesses * log_right - (guesses - fewer) * epsilon
    slack = float((np.cumsum(np.exp(chances)) / np.arange(1, correct + 1)).max())
    return min(1.0, beta + 2 * flips * delta * slack)
