"""Likelihoods of binary and count outcomes on their usual links: what a regression sums over records.

Source : McCullagh & Nelder 1989, Generalized Linear Models, chapters 2, 4 and 6; Lawless 1987, Can. J. Stat. 15, 209
         (negative binomial with variance mu + alpha mu^2).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]

FAMILIES = ("binomial", "poisson", "negative binomial")
HIGHEST = 30.0
"""Logarithm of the largest mean count that is told apart: a step too far is then costly, not infinite."""
_log_gamma = np.frompyfunc(math.lgamma, 1, 1)


@dataclass(frozen=True, slots=True)
class Pieces:
    """What records contribute at a linear predictor; sums are weighted.

    log_likelihood, deviance, pearson : sums; pearson is 0 for a binary outcome, whose spread is known.
    slope, curvature : (n,), weighted derivative of the log likelihood by the predictor, and its expected curvature.
    shape_slope, shape_curvature : first and second derivative by alpha, summed; 0 without one.
    """

    log_likelihood: float
    deviance: float
    pearson: float
    slope: Reals
    curvature: Reals
    shape_slope: float = 0.0
    shape_curvature: float = 0.0


def pieces(family: str, y: Reals, predictor: Reals, weight: Reals, alpha: float = 0.0) -> Pieces:
    """The contributions of records with outcomes ``y`` (n,) at ``predictor`` (n,).

    family : one of FAMILIES; alpha : dispersion of the negative binomial, above 0.
    """
    if family == "binomial":
        return _binomial(y, predictor, weight)
    predictor = np.minimum(predictor, HIGHEST)
    return _poisson(y, predictor, weight) if family == "poisson" else _negative_binomial(y, predictor, weight, alpha)


def _binomial(y: Reals, predictor: Reals, weight: Reals) -> Pieces:
    chance: Reals = 0.5 * (1.0 + np.tanh(0.5 * predictor))
    value = float(weight @ (y * predictor - np.logaddexp(0.0, predictor)))
    spread = 0.25 / np.cosh(0.5 * np.clip(predictor, -700, 700)) ** 2  # chance (1 - chance), without cancellation
    return Pieces(value, -2.0 * value, 0.0, weight * (y - chance), weight * spread)


def _poisson(y: Reals, predictor: Reals, weight: Reals) -> Pieces:
    mean = np.exp(predictor)
    value = float(weight @ (y * predictor - mean - _log_factorial(y)))
    deviance = 2.0 * float(weight @ (_y_log_y(y) - y * predictor - y + mean))
    # Far below any rate that is seen, a mean of 1e-300 would make Pearson's term infinite.
    pearson = float(weight @ ((y - mean) ** 2 / np.maximum(mean, 1e-12)))
    return Pieces(value, deviance, pearson, weight * (y - mean), weight * mean)


def _negative_binomial(y: Reals, predictor: Reals, weight: Reals, alpha: float) -> Pieces:
    mean = np.exp(predictor)
    grown, logarithm = 1.0 + alpha * mean, np.log1p(alpha * mean)
    logs, firsts, seconds = _rising_sums(y, alpha)
    size = y + 1.0 / alpha
    value = float(weight @ (logs - _log_factorial(y) + y * predictor - size * logarithm))
    deviance = 2.0 * float(weight @ (_y_log_y(y) - y * predictor - size * (np.log1p(alpha * y) - logarithm)))
    pearson = float(weight @ ((y - mean) ** 2 / np.maximum(mean * grown, 1e-12)))
    share = mean / grown
    slope = firsts + logarithm / alpha**2 - size * share
    curvature = -seconds - 2.0 * logarithm / alpha**3 + 2.0 * share / alpha**2 + size * share**2
    return Pieces(
        value,
        deviance,
        pearson,
        weight * (y - mean) / grown,
        weight * share,
        float(weight @ slope),
        float(weight @ curvature),
    )


def _rising_sums(y: Reals, alpha: float) -> tuple[Reals, Reals, Reals]:
    """Sums over k < y of log(1 + alpha k), k / (1 + alpha k) and its square: differences of log, di- and trigamma.

    Summed term by term, since the gamma functions of 1 / alpha cancel in all digits where alpha is small.
    """
    k = np.arange(int(y.max(initial=0.0)), dtype=np.float64)
    share = k / (1.0 + alpha * k)
    place = y.astype(np.int64)
    sums = [np.concatenate([[0.0], np.cumsum(one)])[place] for one in (np.log1p(alpha * k), share, share**2)]
    return sums[0], sums[1], sums[2]


def _log_factorial(y: Reals) -> Reals:
    values, place = np.unique(y, return_inverse=True)
    return np.asarray(_log_gamma(values + 1.0), dtype=np.float64)[place]


def _y_log_y(y: Reals) -> Reals:
    found: Reals = y * np.log(np.where(y > 0, y, 1.0))
    return found
