"""What one site sums for Cox regression: events at first, then sums over those at risk at each event time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.analyse.survival.event_points import EventPoints
from cohortium.analyse.survival.follow_up import FollowUp
from cohortium.numerics.risk_sets import point_sums, risk_set_sums, score_residuals
from cohortium.records import State

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]
    Places = NDArray[np.int64]


def event_counts(follow: FollowUp, stratum: Places, X: Reals, state: State) -> dict[str, Any]:
    """Events by stratum and grid time, and products of the covariates (n, p) around their means."""
    strata, last = len(state.facts["cells"]), int(state.facts["last"])
    event = follow.cause > 0
    flat = stratum[event] * (last + 1) + follow.leaves[event]
    return {
        "known": len(X),
        "rounded": follow.rounded,
        "past_horizon": follow.beyond,
        "events": np.bincount(flat, minlength=strata * (last + 1)).reshape(strata, last + 1),
        "group_persons": np.bincount(stratum, minlength=strata),
        "group_events": np.bincount(stratum[event], minlength=strata),
        "products": X.T @ X,
    }


@dataclass(frozen=True, slots=True)
class PointRows:
    """The n rows of a site beside the event points of all sites, at one vector of coefficients.

    X            : (n, p) standardised covariates.
    score        : (n,) logarithm of the relative hazard; ``weight`` is its exponential.
    start, end   : (n,) at risk at the points from start up to, not including, end.
    own          : (n,) the point of the row's event, -1 where it had none.
    """

    points: EventPoints
    persons: NDArray[np.int32]
    stratum: Places
    X: Reals
    score: Reals
    weight: Reals
    start: Places
    end: Places
    own: Places

    @classmethod
    def of(cls, follow: FollowUp, stratum: Places, X: Reals, state: State) -> PointRows:
        """The rows of a follow-up, at the coefficients of the state."""
        points = EventPoints.from_arrays(state.arrays)
        score = X @ state.arrays["coefficients"]
        with np.errstate(over="ignore"):
            weight = np.exp(score)
        return cls(points, follow.records.persons(), stratum, X, score, weight, *points.spans(follow, stratum))

    def risk_sums(self, *, efron: bool) -> dict[str, Any]:
        """Sums over risk sets, covariates at events, and for Efron's ties sums over those tied at a point."""
        event, tied = self.own >= 0, self.points.deaths > 1
        place = np.where(tied & efron, np.cumsum(tied) - 1, -1)
        dying = np.full(len(self.X), -1, dtype=np.int64)
        dying[event] = place[self.own[event]]
        return {
            "at_risk": risk_set_sums(self.X, self.weight, self.start, self.end, self.points.first),
            "dying": point_sums(self.X, self.weight, dying, int(place.max(initial=-1)) + 1),
            "seen": self.X[event].sum(axis=0),
        }

    def residual_products(self, state: State) -> dict[str, Any]:
        """Products (p, p) of score residuals, which are summed within each person first."""
        hazard, tie = state.arrays["hazard"], state.arrays["tie"]
        parts = score_residuals(self.X, self.weight, self.start, self.end, self.own, hazard, tie)
        persons = np.unique(self.persons, return_inverse=True)[1]
        summed = np.zeros((int(persons.max(initial=-1)) + 1, self.X.shape[1]))
        np.add.at(summed, persons, parts)
        return {"residual_products": summed.T @ summed}

    def closing_sums(self, bins: int, state: State) -> dict[str, Any]:
        """Covariates at events times transformed time, and, with any bins, persons by time class and risk score."""
        event = self.own >= 0
        by_time = {"seen_by_time": state.arrays["transformed"][self.own[event]] @ self.X[event]}
        return by_time | (self._score_cells(bins, float(state.facts["score_sd"])) if bins else {})

    def _score_cells(self, bins: int, spread: float) -> dict[str, Any]:
        """Counts (classes, bins); the bins are equally full where scores follow the logistic law."""
        of, first = self.points.classes()
        shape = int(first[-1]), bins
        share = 1 / (1 + np.exp(-np.clip(1.7 * self.score / max(spread, 1e-300), -30, 30)))
        column = np.minimum((share * bins).astype(np.int64), bins - 1)
        event = self.own >= 0
        outlived = self.points.survived_class(self.end, self.stratum)
        safe = ~event & (outlived >= 0)
        cells = {
            "scores_events": (of[self.own[event]], column[event]),
            "scores_censored": (outlived[safe], column[safe]),
        }
        return {
            name: np.bincount(row * bins + at, minlength=shape[0] * bins).reshape(shape)
            for name, (row, at) in cells.items()
        }
