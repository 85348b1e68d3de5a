"""Cox's partial likelihood, its slope and curvature, and the test of proportional hazards, all from risk-set sums."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cohortium.numerics.risk_sets import unpacked

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PartialLikelihood:
    """The partial likelihood at one vector of p coefficients.

    Each of the D events has a term; with Efron's ties the j-th of d events at a point sees the risk set less j / d of
    those who have the event there, with Breslow's all see the whole of it.
    value   : its logarithm.
    slope   : (p,).
    point   : (D,) which point the event belongs to.
    share   : (D,) j / d.
    hazard  : (D,) increment of the baseline hazard.
    mean    : (D, p) weighted mean of the covariates in the risk set.
    at_risk, dying : (points, width) the sums that it came from.
    """

    value: float
    slope: Reals
    point: NDArray[np.int64]
    share: Reals
    hazard: Reals
    mean: Reals
    at_risk: Reals
    dying: Reals

    @classmethod
    def of(
        cls, at_risk: Reals, dying: Reals, deaths: NDArray[np.int64], seen: Reals, coefficients: Reals, *, efron: bool
    ) -> PartialLikelihood:
        """From the sums over risk sets and over those with an event, and the covariates ``seen`` (p,) at events."""
        p = len(coefficients)
        point = np.repeat(np.arange(len(deaths)), deaths)
        order = np.arange(len(point)) - np.repeat(np.cumsum(deaths) - deaths, deaths)
        share = order / deaths[point] if efron else np.zeros(len(point))
        sums = at_risk[point, : 1 + p] - share[:, None] * dying[point, : 1 + p]
        with np.errstate(divide="ignore", invalid="ignore"):
            hazard, mean = 1.0 / sums[:, 0], sums[:, 1:] / sums[:, :1]
            value = float(seen @ coefficients - np.log(sums[:, 0]).sum())
        return cls(value, seen - mean.sum(axis=0), point, share, hazard, mean, at_risk, dying)

    def information(self, weight: Reals | None = None) -> Reals:
        """Minus the curvature (p, p), points weighted by ``weight``."""
        p = self.mean.shape[1]
        factor = np.ones(len(self.point)) if weight is None else weight[self.point]
        whole, less = self.per_point(factor * self.hazard), self.per_point(factor * self.hazard * self.share)
        squares = unpacked(whole @ self.at_risk - less @ self.dying, p)
        return squares - (self.mean * factor[:, None]).T @ self.mean

    def per_point(self, values: Reals) -> Reals:
        """Sums over the events at each point: (points,) of (D,), (points, m) of (D, m)."""
        total = np.zeros((len(self.at_risk), *values.shape[1:]))
        np.add.at(total, self.point, values)
        return total


def standardised_information(information: Reals) -> Reals:
    """Scaled to a unit diagonal, as a correlation matrix is; where the diagonal is not positive, left as it is."""
    scale = np.sqrt(np.where(np.diag(information) > 0, np.diag(information), 1.0))
    return np.asarray(information / np.outer(scale, scale))


def proportionality(
    likelihood: PartialLikelihood, seen_by_time: Reals, transformed: Reals, penalty: float
) -> tuple[Reals, float]:
    """Score tests that a coefficient does not change with time: chi-square of each (1 df), and of all together (p df).

    seen_by_time : (p,) covariates at events times ``transformed`` at their times, summed.
    transformed  : (points,) the time scale, centred at its mean over events.
    Source       : Grambsch & Therneau 1994, Biometrika 81, 515, as a score test of x * g(t) added to the model.
    """
    slope = seen_by_time - (transformed[likelihood.point, None] * likelihood.mean).sum(axis=0)
    plain = likelihood.information() + penalty * np.eye(len(slope))
    mixed, squared = likelihood.information(transformed), likelihood.information(transformed**2)
    spread = squared - mixed @ np.linalg.solve(plain, mixed)
    with np.errstate(divide="ignore", invalid="ignore"):
        each = slope**2 / np.diag(spread)
    return each, float(slope @ np.linalg.pinv(spread, rcond=1e-12, hermitian=True) @ slope)
