"""Averages of independent estimates, weighted by inverse variance, with and without a variance between them.

Source : DerSimonian & Laird 1986, Control. Clin. Trials 7, 177; Hartung & Knapp 2001, Stat. Med. 20, 3875;
         Higgins, Thompson & Spiegelhalter 2009, J. R. Stat. Soc. A 172, 137 (prediction interval).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cohortium.numerics.distributions import chi2_sf, normal_sf, t_quantile, t_sf
from cohortium.numerics.intervals import deviate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Average:
    """An estimate with its standard error, interval and two-sided p of no effect; NaN where undefined."""

    estimate: float
    se: float
    low: float
    high: float
    p: float


@dataclass(frozen=True, slots=True)
class Pooling:
    """Averages under three models, the weights of the estimates in them (k,), and how much the estimates differ."""

    fixed: Average
    random: Average
    hartung_knapp: Average
    fixed_weights: Reals
    random_weights: Reals
    q: float
    tau_squared: float
    prediction: tuple[float, float]

    def heterogeneity(self) -> dict[str, float | int | None]:
        """Q with its p, I squared, tau squared, and the interval in which a new site's effect is expected."""
        df = len(self.fixed_weights) - 1
        share = max(0.0, 1 - df / self.q) if self.q > 0 else 0.0
        low, high = (None if math.isnan(side) else side for side in self.prediction)
        return {
            "estimates": df + 1,
            "q": self.q if df else None,
            "q_df": df,
            "q_p": float(chi2_sf(self.q, df)) if df else None,
            "i_squared": share if df else None,
            "tau_squared": self.tau_squared if df else None,
            "prediction_low": low,
            "prediction_high": high,
        }


def pool(estimates: Reals, errors: Reals, level: float = 0.95) -> Pooling:
    """The averages of ``estimates`` (k,) with standard errors ``errors`` (k,), all above 0."""
    k = len(estimates)
    weights = errors**-2.0
    fixed = _normal(estimates, weights, level)
    q = float((weights * (estimates - fixed.estimate) ** 2).sum())
    spare = float(weights.sum() - (weights**2).sum() / weights.sum())
    tau_squared = max(0.0, (q - (k - 1)) / spare) if k > 1 else 0.0
    spread = 1 / (errors**2 + tau_squared)
    random = _normal(estimates, spread, level)
    prediction = math.nan, math.nan
    if k > 2:
        width = float(t_quantile(0.5 + level / 2, k - 2)) * math.sqrt(tau_squared + random.se**2)
        prediction = random.estimate - width, random.estimate + width
    shares = weights / weights.sum(), spread / spread.sum()
    return Pooling(fixed, random, _hartung_knapp(estimates, spread, level), *shares, q, tau_squared, prediction)


def _normal(estimates: Reals, weights: Reals, level: float) -> Average:
    estimate, se = float((weights * estimates).sum() / weights.sum()), float(weights.sum() ** -0.5)
    width = deviate(level) * se
    return Average(estimate, se, estimate - width, estimate + width, 2 * float(normal_sf(abs(estimate) / se)))


def _hartung_knapp(estimates: Reals, weights: Reals, level: float) -> Average:
    k = len(estimates)
    estimate = float((weights * estimates).sum() / weights.sum())
    if k < 2:
        return Average(estimate, math.nan, math.nan, math.nan, math.nan)
    se = math.sqrt(float((weights * (estimates - estimate) ** 2).sum() / ((k - 1) * weights.sum())))
    width = float(t_quantile(0.5 + level / 2, k - 1)) * se
    p = 2 * float(t_sf(abs(estimate) / se, k - 1)) if se > 0 else math.nan
    return Average(estimate, se, estimate - width, estimate + width, p)
