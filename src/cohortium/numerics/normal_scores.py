"""The normal distribution function, its inverse, and draws from a normal that is cut off on both sides."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numba import njit, vectorize

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

FARTHEST = 8.0
"""Standard deviations beyond which a normal score says nothing more; 1 - cdf(8) is below 1e-15."""

# Wichura (1988), algorithm AS 241, PPND16: numerators and denominators for the centre, the shoulder and the tail.
_CENTRE = (
    (2.5090809287301226727e3, 3.3430575583588128105e4, 6.7265770927008700853e4, 4.5921953931549871457e4,
     1.3731693765509461125e4, 1.9715909503065514427e3, 1.3314166789178437745e2, 3.3871328727963666080e0),
    (5.2264952788528545610e3, 2.8729085735721942674e4, 3.9307895800092710610e4, 2.1213794301586595867e4,
     5.3941960214247511077e3, 6.8718700749205790830e2, 4.2313330701600911252e1, 1.0),
)  # fmt: skip
_SHOULDER = (
    (7.74545014278341407640e-4, 2.27238449892691845833e-2, 2.41780725177450611770e-1, 1.27045825245236838258e0,
     3.64784832476320460504e0, 5.76949722146069140550e0, 4.63033784615654529590e0, 1.42343711074968357734e0),
    (1.05075007164441684324e-9, 5.47593808499534494600e-4, 1.51986665636164571966e-2, 1.48103976427480074590e-1,
     6.89767334985100004550e-1, 1.67638483018380384940e0, 2.05319162663775882187e0, 1.0),
)  # fmt: skip
_TAIL = (
    (2.01033439929228813265e-7, 2.71155556874348757815e-5, 1.24266094738807843860e-3, 2.65321895265761230930e-2,
     2.96560571828504891230e-1, 1.78482653991729133580e0, 5.46378491116411436990e0, 6.65790464350110377720e0),
    (2.04426310338993978564e-15, 1.42151175831644588870e-7, 1.84631831751005468180e-5, 7.86869131145613259100e-4,
     1.48753612908506148525e-2, 1.36929880922735805310e-1, 5.99832206555887937690e-1, 1.0),
)  # fmt: skip


@njit(cache=True, nogil=True, inline="always")
def _ratio(top: tuple[float, ...], bottom: tuple[float, ...], x: float) -> float:
    above, below = top[0], bottom[0]
    for power in range(1, 8):
        above = above * x + top[power]
        below = below * x + bottom[power]
    return above / below


@njit(cache=True, nogil=True)
def cdf(z: float) -> float:
    """Probability that a standard normal lies below ``z``; accurate in both tails."""
    return 0.5 * math.erfc(-z * 0.7071067811865476)


@njit(cache=True, nogil=True)
def quantile(p: float) -> float:
    """The z with ``cdf(z) = p``, to about 1e-15 of its size, kept within plus and minus ``FARTHEST``.

    Source : Wichura 1988, algorithm AS 241.
    """
    centred = p - 0.5
    if abs(centred) <= 0.425:
        return float(centred * _ratio(_CENTRE[0], _CENTRE[1], 0.180625 - centred * centred))
    tail = min(p, 1.0 - p)
    if tail < 6.3e-16:
        return math.copysign(FARTHEST, centred)
    root = math.sqrt(-math.log(tail))
    size = _ratio(_SHOULDER[0], _SHOULDER[1], root - 1.6) if root <= 5.0 else _ratio(_TAIL[0], _TAIL[1], root - 5.0)
    return math.copysign(min(size, FARTHEST), centred)


@njit(cache=True, nogil=True)
def truncated(mean: float, sd: float, low: float, high: float, u: float) -> float:
    """The ``u`` quantile (0 < u < 1) of a normal of this mean and sd, given that it lies in [low, high].

    Works in the tail that the interval lies in; where its mass is too small for a double, the tail is taken as
    exponential, which it nearly is there.
    """
    a, b = (low - mean) / sd, (high - mean) / sd
    if a > 0.0:  # the upper tail: mirror it, where probabilities near 0 keep their digits
        return float(mean - sd * _truncated_standard(-b, -a, 1.0 - u))
    return float(mean + sd * _truncated_standard(a, b, u))


@njit(cache=True, nogil=True)
def _truncated_standard(a: float, b: float, u: float) -> float:
    below, above = cdf(a), cdf(b)
    if above - below > 1e-14:
        return float(min(max(quantile(below + u * (above - below)), a), b))
    if b > -1.0:
        return a + (b - a) * u
    return max(b + math.log(1.0 - (1.0 - u) * (1.0 - math.exp(b * (b - a)))) / -b, a)


@vectorize(["float64(float64)"], cache=True)
def _cdf_each(z: float) -> float:
    return float(cdf(z))


@vectorize(["float64(float64)"], cache=True)
def _quantile_each(p: float) -> float:
    return float(quantile(p))


@vectorize(["float64(float64, float64, float64, float64, float64)"], cache=True)
def _truncated_each(mean: float, sd: float, low: float, high: float, u: float) -> float:
    return float(truncated(mean, sd, low, high, u))


def normal_cdf(z: Floats) -> Floats:
    """``cdf`` of every element."""
    return np.asarray(_cdf_each(z), dtype=np.float64)


def normal_quantile(p: Floats) -> Floats:
    """``quantile`` of every element; 0 and 1 give minus and plus ``FARTHEST``."""
    return np.asarray(_quantile_each(p), dtype=np.float64)


def truncated_normal(mean: Floats, sd: Floats, low: Floats, high: Floats, u: Floats) -> Floats:
    """``truncated`` of every element (n,)."""
    return np.asarray(_truncated_each(mean, sd, low, high, u), dtype=np.float64)
