"""Survival and cumulative incidence from counts of events and of persons at risk at each time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cohortium.numerics.survival_curves import Curve

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Incidence:
    """Cumulative incidence of one cause in the presence of others; it steps up at ``times``.

    times, at_risk, value, variance : (k,) distinct times of this cause's events.
    """

    times: Reals
    at_risk: Reals
    value: Reals
    variance: Reals

    def at(self, t: Reals) -> Reals:
        """The incidence up to each t."""
        return np.concatenate([[0.0], self.value])[np.searchsorted(self.times, t, "right")]


def numbers_at_risk(leaving: NDArray[np.int64], entering: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
    """Persons at risk at each time (..., T), from those who leave at it and those who enter just after it."""
    stay = leaving if entering is None else leaving - entering
    return np.cumsum(stay[..., ::-1], axis=-1)[..., ::-1]


def survival_curve(times: Reals, events: NDArray[np.int64], at_risk: NDArray[np.int64]) -> Curve:
    """The Kaplan-Meier curve with Greenwood's variance; times (T,) without an event are left out.

    Source : Kaplan & Meier 1958, JASA 53, 457; Greenwood 1926.
    """
    seen = events > 0
    deaths, n = events[seen].astype(np.float64), at_risk[seen].astype(np.float64)
    survival = np.cumprod((n - deaths) / n, dtype=np.float64)
    hazard = np.cumsum(_greenwood(deaths, n), dtype=np.float64)
    return Curve(times[seen], survival, n, np.where(survival > 0, survival**2 * hazard, 0.0))


def log_log_limits(value: Reals, variance: Reals, z: float) -> tuple[Reals, Reals]:
    """Limits of probabilities on the scale of log(-log), so that they stay in [0, 1]; NaN at 0 and at 1.

    Source : Kalbfleisch & Prentice 2002, The Statistical Analysis of Failure Time Data, section 1.4.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        log = np.log(value)
        shift = z * np.sqrt(variance) / (value * np.abs(log))
        inside = (value > 0) & (value < 1)
        one, other = value ** np.exp(shift), value ** np.exp(-shift)
    return np.where(inside, one, np.nan), np.where(inside, other, np.nan)


def first_at_most(times: Reals, values: Reals, share: float) -> float | None:
    """The first time at which the falling ``values`` are at most ``share``; None where they never are."""
    low = np.flatnonzero(values <= share + 1e-12)
    return float(times[low[0]]) if len(low) else None


def restricted_mean(curve: Curve, until: float) -> tuple[float, float]:
    """The area under the curve on [0, until], and its variance.

    Source : Irwin 1949, J. Hygiene 47, 188; Kaplan & Meier 1958, section 2.3: the sum over event times of the squared
             area that is still to come, times d / (n (n - d)).
    """
    before = curve.times < until
    times = np.concatenate([[0.0], curve.times[before], [until]])
    level = np.concatenate([[1.0], curve.survival[before]])
    pieces = level * np.diff(times)
    to_come = np.cumsum(pieces[::-1])[::-1][1:]
    previous = np.concatenate([[1.0], curve.survival])[:-1][before]
    n = curve.at_risk[before]
    deaths = n * (1.0 - curve.survival[before] / previous)
    return float(pieces.sum()), float(np.sum(to_come**2 * _greenwood(deaths, n)))


def cumulative_incidence(times: Reals, events: NDArray[np.int64], at_risk: NDArray[np.int64], cause: int) -> Incidence:
    """The Aalen-Johansen estimate for one of the causes.

    events : (causes, T) of each cause; at_risk : (T,).
    Source : Aalen & Johansen 1978, Scand. J. Statist. 5, 141; the variance by the delta method as in Marubini &
             Valsecchi 1995, Analysing Survival Data from Clinical Trials and Observational Studies, p. 341.
    """
    seen = events.sum(axis=0) > 0
    every, n = events[:, seen].sum(axis=0).astype(np.float64), at_risk[seen].astype(np.float64)
    deaths = events[cause, seen].astype(np.float64)
    survival = np.cumprod((n - every) / n)
    before = np.concatenate([[1.0], survival[:-1]])
    value = np.cumsum(before * deaths / n)
    spread = _greenwood(every, n)
    mixed = before * deaths / n**2
    first = value**2 * np.cumsum(spread) - 2 * value * np.cumsum(spread * value) + np.cumsum(spread * value**2)
    second = np.cumsum(before**2 * deaths * (n - deaths) / n**3)
    third = value * np.cumsum(mixed) - np.cumsum(mixed * value)
    variance = np.maximum(first + second - 2 * third, 0.0)
    own = deaths > 0
    return Incidence(times[seen][own], n[own], value[own], variance[own])


def _greenwood(deaths: Reals, n: Reals) -> Reals:
    left = n - deaths
    return np.where(left > 0, deaths / (n * np.where(left > 0, left, 1.0)), 0.0)
