"""Newton's method for Cox regression, one summed pass over all sites a step."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.errors import InvalidRequest, NotConverged
from cohortium.numerics.partial_likelihood import PartialLikelihood, standardised_information
from cohortium.records import State

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_STEPS = 40
MOST_HALVINGS = 25
SETTLED = 1e-10
"""Gain in twice the log likelihood that one more step promises: the step is then 1e-5 standard errors."""
FURTHEST = 3.0
"""A step changes risk scores by at most so many logarithms (standard deviation), so that weights stay finite."""
COLLINEAR = 1e-10
SEPARATED = 1e-6
"""Share of the information at 0 that is left in some direction, below which the likelihood has no maximum there."""


def likelihood_at(total: Mapping[str, NDArray[Any]], state: State, *, efron: bool) -> PartialLikelihood:
    """The partial likelihood from the sums over all sites; the sums over tied events stand at tied points only."""
    deaths, at_risk = state.arrays["deaths"], total["at_risk"]
    dying = np.zeros_like(at_risk)
    if efron:
        dying[deaths > 1] = total["dying"]
    return PartialLikelihood.of(at_risk, dying, deaths, total["seen"], state.arrays["coefficients"], efron=efron)


@dataclass(frozen=True, slots=True)
class NewtonStep:
    """One step of Newton's method, halved until the likelihood does not fall.

    final : makes the state that follows once the coefficients are settled.
    """

    efron: bool
    ridge: float
    final: Callable[[State], State]

    def after(self, total: Mapping[str, NDArray[Any]], state: State) -> State:
        """The state with the next coefficients to try.

        Raises : InvalidRequest where covariates are collinear; NotConverged, naming the covariates at fault.
        """
        tried, accepted = state.arrays["coefficients"], state.arrays["accepted"]
        found = likelihood_at(total, state, efron=self.efron)
        objective = found.value - self.ridge / 2 * float(tried @ tried)
        before = state.facts["objective"]
        if not math.isfinite(objective) or (before is not None and objective < before - 1e-9 * (1 + abs(before))):
            return self._halved(state, (tried + accepted) / 2)
        information = found.information()
        slope = found.slope - self.ridge * tried
        precision = information + self.ridge * np.eye(len(tried))
        facts = dict(state.facts)
        if before is None:
            facts |= self._at_zero(found.value, slope, precision, state)
        elif self.ridge == 0:
            self._check_separation(information, state)
        step = np.linalg.solve(precision, slope)
        gain = float(slope @ step)
        facts |= {"steps": facts["steps"] + 1, "halvings": 0, "objective": objective}
        if gain < SETTLED:
            return self.final(State("newton", facts, {**state.arrays, "coefficients": tried + step}))
        if facts["steps"] >= MOST_STEPS:
            raise NotConverged(self._advice(f"did not settle in {MOST_STEPS} steps", state))
        change = math.sqrt(max(float(step @ state.arrays["correlation"] @ step), 0.0))
        step = step * min(1.0, FURTHEST / max(change, 1e-300))
        return State("newton", facts, {**state.arrays, "accepted": tried, "coefficients": tried + step})

    def _halved(self, state: State, middle: NDArray[np.float64]) -> State:
        halvings = state.facts["halvings"] + 1
        if halvings > MOST_HALVINGS or state.facts["objective"] is None:
            raise NotConverged(self._advice("found no step that improves it", state))
        return State("newton", {**state.facts, "halvings": halvings}, {**state.arrays, "coefficients": middle})

    def _at_zero(
        self, value: float, slope: NDArray[np.float64], precision: NDArray[np.float64], state: State
    ) -> dict[str, Any]:
        """What is kept of the likelihood without covariates: its value, the score test, and the least information."""
        values, vectors = np.linalg.eigh(standardised_information(precision))
        if values[0] < COLLINEAR:
            names = _largest(vectors[:, 0], state)
            raise InvalidRequest(
                f"The covariates {names} cannot be told apart while persons are at risk: one is a combination of the "
                "others (or constant there). Leave one out, or set a ridge."
            )
        scale = np.sqrt(np.diag(precision))
        return {
            "null_value": value,
            "score_statistic": float(slope @ np.linalg.solve(precision, slope)),
            "least": float(values[0]),
            "information_scale": scale.tolist(),
        }

    def _check_separation(self, information: NDArray[np.float64], state: State) -> None:
        scale = np.array(state.facts["information_scale"])
        values, vectors = np.linalg.eigh(information / np.outer(scale, scale))
        if values[0] < SEPARATED * state.facts["least"]:
            names = _largest(vectors[:, 0], state)
            raise NotConverged(
                f"The hazard ratio of {names} grows without end: these covariates separate those with events from "
                "those without. Merge rare levels, leave the covariate out, or set a ridge."
            )

    def _advice(self, what: str, state: State) -> str:
        events, terms = int(state.arrays["deaths"].sum()), len(state.arrays["kept"])
        return (
            f"Cox regression with {events} events and {terms} covariates {what}. Use fewer covariates, take the "
            "logarithm of very skewed ones, or set a ridge."
        )


def _largest(direction: NDArray[np.float64], state: State) -> list[str]:
    size = np.abs(direction)
    return [state.facts["terms"][state.arrays["kept"][place]] for place in np.flatnonzero(size > 0.3 * size.max())]
