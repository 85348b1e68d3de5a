"""Tails and quantiles of the normal, t, chi-square, F and beta distributions, for arrays as for single numbers.

Relative errors are below 1e-10 in both tails, as far as float64 reaches. Arguments broadcast; NaN gives NaN.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from cohortium.numerics.incomplete_functions import (
    beta_density,
    gamma_density,
    regularised_beta,
    regularised_gamma,
)

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Reals = NDArray[np.float64]

__all__ = [
    "beta_quantile",
    "chi2_quantile",
    "chi2_sf",
    "f_sf",
    "gamma_quantile",
    "normal_quantile",
    "normal_sf",
    "regularised_beta",
    "regularised_gamma",
    "t_quantile",
    "t_sf",
]

_STANDARD = NormalDist()
_erfc = np.frompyfunc(math.erfc, 1, 1)


def normal_sf(z: ArrayLike) -> Reals:
    """P(Z > z) for a standard normal variable."""
    return _array(0.5 * _erfc(np.asarray(z, np.float64) / math.sqrt(2)))


def normal_quantile(p: ArrayLike) -> Reals:
    """The z below which a standard normal variable lies with chance ``p``; infinite at 0 and 1, NaN outside."""
    with np.errstate(invalid="ignore"):
        return _array(_normal_quantile(np.asarray(p, np.float64)))


def t_sf(t: ArrayLike, df: ArrayLike) -> Reals:
    """P(T > t) for Student's t with ``df`` degrees of freedom, which may be infinite."""
    value, freedom = np.broadcast_arrays(np.asarray(t, np.float64), np.asarray(df, np.float64))
    finite = np.where(np.isfinite(freedom), freedom, 1.0)
    square = np.clip(value, -1e150, 1e150) ** 2
    tail = 0.5 * regularised_beta(finite / 2, 0.5, finite / (finite + square), square / (finite + square))
    found = np.where(value > 0, tail, 1 - tail)
    return np.where(np.isposinf(freedom), normal_sf(value), np.where(freedom > 0, found, np.nan))[()]


def t_quantile(p: ArrayLike, df: ArrayLike) -> Reals:
    """The t below which Student's t lies with chance ``p``; infinite at 0 and 1."""
    share, freedom = np.broadcast_arrays(np.asarray(p, np.float64), np.asarray(df, np.float64))
    tail = np.minimum(share, 1 - share)
    finite = np.where(np.isfinite(freedom), freedom, 1.0)
    # The square of T is F(1, df), whose share of t^2 + df is a beta variable: this keeps the digits of a small t.
    square = beta_quantile(np.clip(1 - 2 * tail, 0, 0.5), 0.5, finite / 2)
    size = np.where(tail < 0.25, _far_t(np.clip(tail, 0, 0.25), finite), np.sqrt(finite * square / (1 - square)))
    size = np.where(np.isposinf(freedom), -normal_quantile(tail), size)
    found = np.where(share < 0.5, -size, size)
    return np.where((share >= 0) & (share <= 1) & (freedom > 0), found, np.nan)[()]


def chi2_sf(x: ArrayLike, df: ArrayLike) -> Reals:
    """P(X > x) for chi-square with ``df`` degrees of freedom."""
    return regularised_gamma(np.asarray(df, np.float64) / 2, np.asarray(x, np.float64) / 2, upper=True)


def chi2_quantile(p: ArrayLike, df: ArrayLike) -> Reals:
    """The x below which chi-square lies with chance ``p``."""
    return 2 * gamma_quantile(p, np.asarray(df, np.float64) / 2)


def f_sf(x: ArrayLike, d1: ArrayLike, d2: ArrayLike) -> Reals:
    """P(F > x) for the F distribution with ``d1`` and ``d2`` degrees of freedom."""
    value, above, below = (np.asarray(one, np.float64) for one in (x, d1, d2))
    product = above * np.clip(value, 0, 1e300)
    return regularised_beta(below / 2, above / 2, below / (below + product), product / (below + product))


def gamma_quantile(p: ArrayLike, a: ArrayLike) -> Reals:
    """The x below which a gamma variable of shape ``a`` and scale 1 lies with chance ``p``."""
    share, shape = np.broadcast_arrays(np.asarray(p, np.float64), np.asarray(a, np.float64))

    def at(log_x: Reals) -> tuple[Reals, Reals]:
        x = np.exp(log_x)
        return regularised_gamma(shape, x), shape * gamma_density(shape, x)

    spread = np.sqrt(shape)
    found = _inverted(share, at, np.log(shape), np.log(shape + 750 + 40 * spread))
    return np.where(share >= 1, np.where(share == 1, np.inf, np.nan), found)[()]


def beta_quantile(p: ArrayLike, a: ArrayLike, b: ArrayLike) -> Reals:
    """The x below which a beta variable lies with chance ``p``."""
    share, first, second = np.broadcast_arrays(*(np.asarray(one, np.float64) for one in (p, a, b)))

    def at(log_x: Reals) -> tuple[Reals, Reals]:
        x, less = np.exp(log_x), np.maximum(-np.expm1(log_x), 1e-300)
        return regularised_beta(first, second, x, less), first * beta_density(first, second, x, less) / less

    return _inverted(share, at, np.full(share.shape, -0.5), np.zeros(share.shape))


def _far_t(tail: Reals, df: Reals) -> Reals:
    """The t that Student's t exceeds with chance ``tail``, at most a quarter."""

    def at(u: Reals) -> tuple[Reals, Reals]:
        square = np.exp(-2 * u)
        x, y = df / (df + square), square / (df + square)
        return 0.5 * regularised_beta(df / 2, 0.5, x, y), df / 2 * beta_density(df / 2, np.full_like(x, 0.5), x, y)

    start, highest = np.zeros(tail.shape), np.full(tail.shape, 10.0)
    return np.where(tail > 0, 1 / _inverted(np.where(tail > 0, tail, 0.25), at, start, highest, -340.0), np.inf)


def _inverted(
    share: Reals, at: Callable[[Reals], tuple[Reals, Reals]], start: Reals, highest: Reals, lowest: float = -740.0
) -> Reals:
    """exp(u) where a distribution function of u reaches ``share``: Newton's steps on its logarithm, inside a bracket.

    at : u -> the distribution function and its derivative. On this scale small quantiles keep all their digits.
    """
    low, high, u = np.full(share.shape, lowest), highest, start
    for _ in range(200):
        value, slope = at(u)
        low, high = np.where(value < share, u, low), np.where(value < share, high, u)
        with np.errstate(all="ignore"):
            step = u - np.log(value / share) * value / slope
        following = np.where((step > low) & (step < high), step, (low + high) / 2)
        moved = np.abs(following - u)
        u = following
        if not (moved > 1e-15 * np.maximum(np.abs(u), 1)).any():
            break
    found = np.where(share <= 0, 0.0, np.where(share >= 1, 1.0, np.exp(u)))
    return np.where((share >= 0) & (share <= 1), found, np.nan)[()]


def _array(found: object) -> Reals:
    return np.asarray(found, dtype=np.float64)[()]


def _one_normal_quantile(p: float) -> float:
    if 0 < p < 1:
        return _STANDARD.inv_cdf(p)
    return {0.0: -math.inf, 1.0: math.inf}.get(p, math.nan)


_normal_quantile = np.frompyfunc(_one_normal_quantile, 1, 1)
