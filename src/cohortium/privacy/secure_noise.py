"""Exact noise for differential privacy: integers and rationals alone, from the operating system's secure source.

Noise computed in floating point leaves traces of the number that it hides in its last bits (Mironov 2012). Here every
draw is a comparison of whole numbers, so the distribution is the one that the proof speaks of. The time that a draw
takes does depend on the draw.
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from cohortium.errors import InvalidRequest

if TYPE_CHECKING:
    from numpy.typing import NDArray

_WORD = 1 << 62
_FITS = 1 << 60  # products up to here are computed in 64 bits, beyond in Python's whole numbers
_DIGITS = 1 << 10  # noise with a scale of about three digits is drawn fast
_FARTHEST = 64  # proposals beyond this many scales would be kept with a chance below 2 ** -2,800


class Noise(Protocol):
    """A source of random words."""

    def words(self, count: int) -> NDArray[np.int64]:
        """``count`` independent uniform whole numbers in [0, 2 ** 62)."""
        ...


@dataclass(frozen=True, slots=True)
class SecureNoise:
    """The operating system's cryptographic source; cannot be seeded."""

    def words(self, count: int) -> NDArray[np.int64]:
        return (np.frombuffer(os.urandom(8 * count), dtype=np.uint64) >> np.uint64(2)).astype(np.int64)


@dataclass(frozen=True, slots=True)
class InsecureNoise:
    """Words of a seeded generator, for tests and simulations only: who knows the seed can take the noise away."""

    rng: np.random.Generator

    def words(self, count: int) -> NDArray[np.int64]:
        return self.rng.integers(0, _WORD, size=count, dtype=np.int64)


def uniform_below(bounds: NDArray[Any], noise: Noise) -> NDArray[Any]:
    """Uniform whole numbers in [0, bound), one per entry of ``bounds`` (int64, or object for larger numbers)."""
    if bounds.dtype == object:
        return np.array([_large_below(int(bound), noise) for bound in bounds], dtype=object)
    drawn = noise.words(len(bounds))
    # The words above the last multiple of the bound would make small remainders likelier: draw those again.
    unfair = drawn > _WORD - 1 - (_WORD % bounds)
    while unfair.any():
        places = np.flatnonzero(unfair)
        drawn[places] = noise.words(len(places))
        unfair[places] = drawn[places] > _WORD - 1 - (_WORD % bounds[places])
    return np.asarray(drawn % bounds)


def chosen_with(chance: float, count: int, noise: Noise) -> NDArray[np.bool_]:
    """True with this chance, or less than 2 ** -62 below it, ``count`` times."""
    return noise.words(count) < math.floor(chance * _WORD)


def _large_below(bound: int, noise: Noise) -> int:
    count = (bound.bit_length() + 61) // 62
    span = _WORD**count
    while True:
        drawn = 0
        for word in noise.words(count).tolist():
            drawn = drawn * _WORD + word
        if drawn < span - span % bound:
            return drawn % bound


def bernoulli_exp(numerators: NDArray[Any], denominator: int, noise: Noise) -> NDArray[np.bool_]:
    """True with probability exp(-numerator / denominator), exactly, one per entry (each >= 0).

    Source : Canonne, Kamath & Steinke 2020, algorithm 1.
    """
    kept = np.ones(len(numerators), dtype=np.bool_)
    whole, rest = numerators // denominator, numerators % denominator
    active = np.flatnonzero(whole > 0)
    while len(active):  # one factor exp(-1) at a time, until the first failure
        passed = _bernoulli_exp_below_one(np.ones(len(active), dtype=np.int64), 1, noise)
        kept[active[~passed]] = False
        active = active[passed]
        whole[active] -= 1
        active = active[whole[active] > 0]
    left = np.flatnonzero(kept)
    kept[left] = _bernoulli_exp_below_one(rest[left], denominator, noise)
    return kept


def _bernoulli_exp_below_one(numerators: NDArray[Any], denominator: int, noise: Noise) -> NDArray[np.bool_]:
    """The same for numerators up to the denominator: the parity of how long a sequence of coins falls heads."""
    odd = np.zeros(len(numerators), dtype=np.bool_)
    active, step = np.arange(len(numerators)), 1
    while len(active):
        bound = denominator * step
        dtype = np.int64 if bound < _FITS else object
        drawn = uniform_below(np.full(len(active), bound, dtype=dtype), noise)
        odd[active] = step % 2 == 1
        active = active[np.asarray(drawn < numerators[active], dtype=np.bool_)]
        step += 1
    return odd


def discrete_laplace(scale: int, count: int, noise: Noise) -> NDArray[np.int64]:
    """``count`` whole numbers x with probability proportional to exp(-|x| / scale).

    Source : Canonne, Kamath & Steinke 2020, algorithm 2.
    """
    drawn = np.zeros(count, dtype=np.int64)
    todo = np.arange(count)
    while len(todo):
        low = uniform_below(np.full(len(todo), scale, dtype=np.int64), noise)
        accepted = bernoulli_exp(low, scale, noise)
        places, low = todo[accepted], low[accepted]
        high = np.zeros(len(places), dtype=np.int64)
        active = np.arange(len(places))
        while len(active):
            active = active[_bernoulli_exp_below_one(np.ones(len(active), dtype=np.int64), 1, noise)]
            high[active] += 1
        size = low + scale * high
        negative = noise.words(len(places)) % 2 == 1
        good = ~(negative & (size == 0))  # or zero would come twice as often
        drawn[places[good]] = np.where(negative, -size, size)[good]
        todo = np.concatenate([todo[~accepted], places[~good]])
    return drawn


def discrete_gaussian(variance: Fraction, count: int, noise: Noise) -> NDArray[np.int64]:
    """``count`` whole numbers x with probability proportional to exp(-x ** 2 / (2 variance)).

    Source : Canonne, Kamath & Steinke 2020, algorithm 3.
    """
    if variance <= 0:
        raise InvalidRequest(f"The variance of Gaussian noise must be above 0, not {float(variance):g}.")
    top, bottom = variance.numerator, variance.denominator
    scale = math.isqrt(top // bottom) + 1
    denominator = 2 * top * bottom * scale * scale
    fits = (_FARTHEST * scale * scale * bottom + top) ** 2 < _FITS and denominator < _FITS
    drawn = np.zeros(count, dtype=np.int64)
    todo = np.arange(count)
    while len(todo):
        proposed = discrete_laplace(scale, len(todo), noise)
        size = np.abs(proposed) if fits else np.abs(proposed).astype(object)
        near = np.abs(proposed) <= _FARTHEST * scale
        numerators = np.where(near, size * (scale * bottom) - top, 0) ** 2
        accepted = bernoulli_exp(numerators, denominator, noise) & near
        drawn[todo[accepted]] = proposed[accepted]
        todo = todo[~accepted]
    return drawn


def few_digits(variance: Fraction) -> Fraction:
    """The variance rounded up, which is towards more privacy, to about three digits."""
    bottom = 1
    while variance * bottom < _DIGITS and bottom < _DIGITS**2:
        bottom *= 2
    return Fraction(math.ceil(variance * bottom), bottom)
