"""Inverse probability weights, and the means that they give with their covariance.

Source : Austin & Stuart 2015, Stat. Med. 34, 3661 (weights, truncation); Lunceford & Davidian 2004, Stat. Med. 23,
         2937 (covariance with estimated weights); Stefanski & Boos 2002, Am. Stat. 56, 29 (sandwich).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]

ESTIMANDS = ("ATE", "ATT")
LOWEST = 1e-12
"""No propensity is taken to be nearer to 0 or 1 than this, so that no weight is infinite."""
EDGE = 1e-6
"""A weight this near to a bound, as a share of it, counts as moved to it: a bound at a quantile is somebody's weight to
nine digits, and rounding must not decide."""


@dataclass(frozen=True, slots=True)
class Weights:
    """weight (n,), and its derivative (n,) by the linear predictor of the propensity; 0 where it was truncated."""

    weight: Reals
    slope: Reals


def treatment_weights(
    treated: Reals, predictor: Reals, estimand: str, shares: tuple[float, float] = (1.0, 1.0)
) -> Weights:
    """Weights of rows with ``treated`` (n,), 0 or 1, and log odds of treatment ``predictor`` (n,).

    shares : factors of the untreated and the treated: 1, or how many there are of each where weights are stabilised.
    """
    chance = np.clip(0.5 * (1.0 + np.tanh(0.5 * predictor)), LOWEST, 1.0 - LOWEST)
    odds = chance / (1.0 - chance)
    if estimand == "ATE":
        weight = np.where(treated > 0, 1.0 / chance, 1.0 / (1.0 - chance))
        slope = np.where(treated > 0, -1.0 / odds, odds)
    else:
        weight = np.where(treated > 0, 1.0, odds)
        slope = np.where(treated > 0, 0.0, odds)
    factor = np.where(treated > 0, shares[1], shares[0])
    return Weights(factor * weight, factor * slope)


def truncated(weights: Weights, low: float, high: float) -> Weights:
    """The weights moved into [low, high]; those that were moved no longer depend on the propensity."""
    inside = (weights.weight > low * (1.0 + EDGE)) & (weights.weight < high * (1.0 - EDGE))
    return Weights(np.clip(weights.weight, low, high), np.where(inside, weights.slope, 0.0))


def covariance_of_means(
    weight: Reals, scores: Reals, with_propensity: Reals, drift: Reals, propensity: Reals, information: Reals
) -> Reals:
    """Covariance (2, 2) of the weighted means of two arms, with the propensity estimated from the same persons.

    weight          : (2,), sum of weights; scores : (2, 2), products of persons' weighted residuals.
    with_propensity : (2, q), their products with the scores of the propensity model.
    drift           : (2, q), derivative of the summed weighted residuals by its coefficients.
    propensity, information : (q, q), products of its scores, and its information.
    """
    reach = drift @ np.linalg.inv(information)
    cross = with_propensity @ reach.T
    middle = scores + cross + cross.T + reach @ propensity @ reach.T
    found: Reals = middle / np.outer(weight, weight)
    return found
