"""A linear model with a random intercept per group, fitted by REML from sums per group.

With ratio r of the variance between groups to that within, the inverse covariance of a group of m rows is
(I - r / (1 + r m) 11') / variance, so X'X, X'y, y'y and each group's m and sums of X and y say all.
Source : Laird & Ware 1982, Biometrics 38, 963; Harville 1977, J. Am. Stat. Assoc. 72, 320 (REML).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class GroupedSums:
    """XX (q, q), Xy (q,), yy over all rows; size (g,), X (g, q), y (g,) summed in each group."""

    XX: Reals
    Xy: Reals
    yy: float
    size: Reals
    X: Reals
    y: Reals


@dataclass(frozen=True, slots=True)
class RandomIntercept:
    """Fixed effects with covariance, variances within and between groups, restricted log likelihood, and the groups'
    predicted intercepts (g,) with their standard errors (g,)."""

    coefficients: Reals
    covariance: Reals
    within: float
    between: float
    log_likelihood: float
    intercepts: Reals
    intercept_errors: Reals


def fit_random_intercept(sums: GroupedSums) -> RandomIntercept:
    """The fit with the highest restricted likelihood; ``between`` is 0 where no ratio above 0 is better."""
    grid = np.concatenate([[0.0], np.logspace(-8, 6, 113)])
    values = [_at(sums, float(ratio))[0] for ratio in grid]
    best = int(np.argmax(values))
    ratio = 0.0
    if best > 0:
        low, high = math.log(grid[max(best - 1, 1)]), math.log(grid[min(best + 1, len(grid) - 1)])
        for _ in range(100):
            middle = (low + high) / 2
            low, high = (middle, high) if _slope(sums, math.exp(middle)) > 0 else (low, middle)
        ratio = math.exp((low + high) / 2)
    value, b, inverse, within = _at(sums, ratio)
    shrink = ratio * sums.size / (1.0 + ratio * sums.size)
    mean = np.where(sums.size > 0, (sums.y - sums.X @ b) / np.maximum(sums.size, 1.0), 0.0)
    unseen = within * ratio / (1.0 + ratio * sums.size)
    centres = sums.X / np.maximum(sums.size, 1.0)[:, None]
    known = shrink**2 * within * np.einsum("gi,ij,gj->g", centres, inverse, centres)
    return RandomIntercept(b, within * inverse, within, within * ratio, value, shrink * mean, np.sqrt(unseen + known))


def _at(sums: GroupedSums, ratio: float) -> tuple[float, Reals, Reals, float]:
    """Restricted log likelihood, coefficients, (X'V^-1 X)^-1 and the variance within, at a ratio of variances."""
    pull = ratio / (1.0 + ratio * sums.size)
    H = sums.XX - (sums.X * pull[:, None]).T @ sums.X
    inverse = np.asarray(np.linalg.inv(H), dtype=np.float64)
    b = inverse @ (sums.Xy - (sums.X * pull[:, None]).T @ sums.y)
    apart = sums.y - sums.X @ b
    squares = sums.yy - 2.0 * float(b @ sums.Xy) + float(b @ sums.XX @ b) - float(pull @ apart**2)
    n, q = float(sums.size.sum()), len(b)
    within = max(squares, 1e-300) / (n - q)
    logs = float(np.log1p(ratio * sums.size).sum()) + float(np.linalg.slogdet(H)[1])
    value = -0.5 * ((n - q) * (math.log(2 * math.pi * within) + 1.0) + logs)
    return value, b, inverse, within


def _slope(sums: GroupedSums, ratio: float) -> float:
    """Derivative of the restricted log likelihood by the ratio: its zero keeps twice the digits of its top."""
    _, b, inverse, within = _at(sums, ratio)
    grown = 1.0 + ratio * sums.size
    apart = sums.y - sums.X @ b
    shrunk = sums.X / grown[:, None]
    trace = float((sums.size / grown).sum()) - float(np.einsum("gi,ij,gj->", shrunk, inverse, shrunk))
    return -0.5 * (trace - float((apart**2 / grown**2).sum()) / within)
