"""Incomplete gamma and beta functions, from which the tails of the usual distributions follow.

The factors before series and fraction are densities in the saddle-point form, which loses no digits however large the
parameters are; the tail that is asked for is computed itself and not as one less the other.
Source : Loader 2000, Fast and accurate computation of binomial probabilities; Abramowitz and Stegun 1964, 6.5.29,
         6.5.31, 26.5.8; Lentz 1976, Appl. Opt. 15, 668 (continued fractions).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from cohortium.errors import NotConverged

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Reals = NDArray[np.float64]

MOST_TERMS = 100_000
_LEAST = 1e-300
_log_gamma = np.frompyfunc(math.lgamma, 1, 1)


def regularised_gamma(a: ArrayLike, x: ArrayLike, *, upper: bool = False) -> Reals:
    """P(a, x), the chance that a gamma variable of shape ``a`` and scale 1 is at most ``x``; or above it (``upper``).

    a, x : broadcast against each other; a > 0, x >= 0. NaN gives NaN.
    """
    shape, value = np.broadcast_arrays(np.asarray(a, np.float64), np.asarray(x, np.float64))
    inside = np.isfinite(value) & (value > 0) & (shape > 0)
    safe_shape, safe = np.where(inside, shape, 1.0), np.where(inside, value, 1.0)
    small = safe < safe_shape + 1
    density = gamma_density(safe_shape, safe)
    low = density * _gamma_series(safe_shape, np.where(small, safe, 0.5))
    high = density * safe_shape * _gamma_fraction(safe_shape, np.where(small, safe_shape + 2, safe))
    found = np.where(small, 1 - low if upper else low, high if upper else 1 - high)
    outside = np.where(value > 0, 1.0, 0.0)
    found = np.where(inside, found, 1 - outside if upper else outside)
    return np.where(np.isnan(shape) | np.isnan(value), np.nan, found)[()]


def regularised_beta(a: ArrayLike, b: ArrayLike, x: ArrayLike, complement: ArrayLike | None = None) -> Reals:
    """I_x(a, b), the chance that a beta variable is at most ``x``.

    a, b, x    : broadcast against each other; a, b > 0; 0 <= x <= 1. NaN gives NaN.
    complement : 1 - x where it is known with more digits than the subtraction would leave.
    """
    less = 1 - np.asarray(x, np.float64) if complement is None else complement
    first, second, low, high = np.broadcast_arrays(*(np.asarray(one, np.float64) for one in (a, b, x, less)))
    inside = (low > 0) & (high > 0) & (first > 0) & (second > 0)
    one, other = np.where(inside, first, 1.0), np.where(inside, second, 1.0)
    share, rest = np.where(inside, low, 0.5), np.where(inside, high, 0.5)
    swapped = share * (one + other + 2) > one + 1
    one, other = np.where(swapped, other, one), np.where(swapped, one, other)
    share, rest = np.where(swapped, rest, share), np.where(swapped, share, rest)
    found = beta_density(one, other, share, rest) * _beta_fraction(one, other, share)
    found = np.where(inside, np.where(swapped, 1 - found, found), np.where(high > 0, 0.0, 1.0))
    return np.where(np.isnan(first + second + low), np.nan, found)[()]


def _stirling_error(n: Reals) -> Reals:
    """ln gamma(n + 1) less Stirling's formula."""
    at = np.maximum(n, 16.0)
    series = (1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - 1 / 1188 / at**2) / at**2) / at**2) / at**2) / at
    near = np.minimum(n, 16.0)
    exact = np.asarray(_log_gamma(near + 1), dtype=np.float64)
    return np.where(n < 16, exact - (near + 0.5) * np.log(near) + near - 0.5 * math.log(2 * math.pi), series)


def _deviance(x: Reals, mean: Reals) -> Reals:
    """x ln(x / mean) + mean - x, also where the two are close and the terms cancel."""
    gap = (x - mean) / (x + mean)
    near = np.where(np.abs(gap) < 0.1, gap, 0.0)
    series = sum(near ** (2 * j + 1) / (2 * j + 1) for j in range(1, 10))
    close = (x - mean) * near + 2 * x * series
    ratio = np.maximum(x, _LEAST) / np.maximum(mean, _LEAST)
    return np.where(np.abs(gap) < 0.1, close, x * np.log(ratio) + mean - x)


def gamma_density(a: Reals, x: Reals) -> Reals:
    """x^a e^-x / gamma(a + 1), for a, x > 0."""
    return np.exp(-_stirling_error(a) - _deviance(a, x)) / np.sqrt(2 * np.pi * a)


def beta_density(a: Reals, b: Reals, x: Reals, y: Reals) -> Reals:
    """x^a y^b / (a B(a, b)), for a, b > 0 and y = 1 - x, both above 0."""
    n = a + b
    log = _stirling_error(n) - _stirling_error(a) - _stirling_error(b) - _deviance(a, n * x) - _deviance(b, n * y)
    return np.exp(log) * np.sqrt(b / (2 * np.pi * a * n))


def _gamma_series(a: Reals, x: Reals) -> Reals:
    """Sum of x^n / ((a + 1) ... (a + n)) from n = 0."""
    term = total = np.ones_like(x)
    for n in range(1, MOST_TERMS):
        term = term * (x / (a + n))
        total = total + term
        if (term <= 1e-17 * total).all():
            return total
    raise NotConverged(f"An incomplete gamma function took over {MOST_TERMS:,} terms; its parameter is too large.")


def _gamma_fraction(a: Reals, x: Reals) -> Reals:
    """Continued fraction of gamma(a, x) / (x^a e^-x)."""
    return 1 / _fraction(x + 1 - a, lambda m: (-m * (m - a), x + 2 * m + 1 - a))


def _beta_fraction(a: Reals, b: Reals, x: Reals) -> Reals:
    def term(step: int) -> tuple[Reals, Reals]:
        m = step // 2
        if step % 2:
            above = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        else:
            above = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        return above, np.ones_like(x)

    return 1 / _fraction(np.ones_like(x), term)


def _fraction(first: Reals, term: Callable[[int], tuple[Reals, Reals]]) -> Reals:
    """first + a1 / (b1 + a2 / (b2 + ...)), where ``term(m)`` gives (a_m, b_m), by the modified method of Lentz."""
    value = c = np.where(first == 0, _LEAST, first)
    d = np.zeros_like(value)
    for m in range(1, MOST_TERMS):
        above, beside = term(m)
        d = beside + above * d
        d = 1 / np.where(d == 0, _LEAST, d)
        c = beside + above / c
        c = np.where(c == 0, _LEAST, c)
        value = value * c * d
        if (np.abs(c * d - 1) < 1e-15).all():
            return value
    raise NotConverged(f"A continued fraction took over {MOST_TERMS:,} terms; its parameters are too large.")
