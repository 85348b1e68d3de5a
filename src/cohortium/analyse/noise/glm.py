"""Regressions under noise: a few Newton steps of noisy gradients, by an information that is learnt once.

Products of the covariates tell how curved the likelihood is, well enough to step by, as if covariates were normal. So
the whole budget of a step goes to the gradient, d numbers instead of d (d + 3) / 2, whose bound is small. Each gradient
with the step from it is an estimate of its own; the answer is the mean of the last ones, whose noise is known.
Source : McCullagh & Nelder 1989, chapter 4; information under normal covariates: Brillinger 1983, A Festschrift for
         Erich L. Lehmann, 97; ridge where noise outweighs the covariates: Wang 2018, UAI (AdaSSP).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cohortium.analyse.noise.gram import NoisyGram
from cohortium.analyse.noise.products import PARTS, PRODUCTS, SCALES, NoisyProducts
from cohortium.analyse.noise.regression import regression_answer
from cohortium.errors import NotConverged
from cohortium.records import PERSONS, Result, State, Sums, Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]

GRADIENT = "noisy gradient"
ROUNDS = 5
ROUND_PART = 3
AVERAGED = 3
"""Gradients at the end, of whose estimates the mean is the answer."""
ENDS = 4.0
"""Standard deviations of the residuals at which they end."""
LONGEST = 1.5
"""Standard deviation of the predictor by which it may change in a step."""
SQUARES_WEIGHT = 0.2
DOUBT = 1.0 / 3.0
"""Part of the most that noise could make of a direction that is held against it."""
RAREST = 1e-3
"""Mean outcome, or distance of it from 1, from which the search starts at least."""
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(31)
WEIGHTS = WEIGHTS / WEIGHTS.sum()


def is_noisy(state: State) -> bool:
    """Whether a state is one of mode "dp"."""
    return state.step in (SCALES, PRODUCTS, GRADIENT)


@dataclass(frozen=True, slots=True)
class NoisyGlm:
    """The steps of a regression of a number, a binary outcome, or counts.

    family   : "gaussian", "binomial" or "poisson".
    products : of the covariates; knows the outcome, too.
    ridge    : as in glmnet, for covariates in units of their spread.
    """

    title: str
    family: str
    products: NoisyProducts
    ridge: float
    level: float

    def steps(self) -> tuple[int, ...]:
        """Parts of the budget: where the rows are, their products, gradients."""
        return (*PARTS, *(ROUND_PART,) * ROUNDS)

    def local(self, records: Table, state: State) -> Sums:
        """Moments and products, then gradients of the likelihood.

        A row's gradient is its weight times (1, z) times its residual, which ends at ``ends``.
        """
        if state.step != GRADIENT:
            return self.products.local(records, state)
        rows, trial, ends = self.products.rows(records, state), state.arrays["trial"], abs(float(state.facts["ends"]))
        mean = self._mean(trial[0] + rows.Z @ trial[1:])
        y = rows.y if self.family == "gaussian" else self._shift(state) + self._unit(state) * rows.y
        residual = np.clip(np.nan_to_num(y - mean), -ends, ends)
        gradient = np.concatenate([[rows.weight @ residual], (rows.weight * residual) @ rows.Z])
        squares = {} if self.family == "binomial" else {"squares": float(rows.weight @ residual**2)}
        return Sums({PERSONS: rows.persons, "gradient": gradient, **squares})

    def sensitivity(self, state: State) -> dict[str, float]:
        """Of a gradient: the length of a weighed row (1, z), at most that of (1, reach), times the largest residual."""
        if state.step != GRADIENT:
            return self.products.sensitivity(state)
        ends = abs(float(state.facts["ends"]))
        squares = {} if self.family == "binomial" else {"squares": ends**2}
        return {PERSONS: 1.0, "gradient": ends * math.sqrt(1.0 + float(state.facts["reach"]) ** 2), **squares}

    def array_weights(self, state: State) -> dict[str, float]:
        """Most to the gradient."""
        return {**self.products.array_weights(state), "squares": SQUARES_WEIGHT}

    def combine(self, total: Sums, state: State) -> State | Result:
        """Scales, the start, the next coefficients to try, the answer."""
        if state.step == SCALES:
            return self.products.scaled(total, state)
        if state.step == PRODUCTS:
            return self._begun(NoisyGram.of(total), state)
        proposed, inverse = self._proposed(total, state)
        following = self._following(total, state, proposed)
        return following if following.facts["round"] < ROUNDS else self._answer(total, following, inverse)

    def _begun(self, gram: NoisyGram, state: State) -> State:
        """Start without slopes, at the mean outcome."""
        d, start, unit = len(gram.whole) - 1, 0.0, 1.0
        mean, ends = self._shift(state), float(state.facts["outcome_reach"])
        if self.family == "binomial":
            share, ends = min(max(mean, RAREST), 1.0 - RAREST), 1.0
            start = math.log(share / (1.0 - share))
        elif self.family == "poisson":
            start, unit = math.log(max(mean, RAREST)), self._unit(state)
        added, whole = gram.ridge(), gram.whole.copy()
        whole[1:, 1:] += added * np.eye(d)
        facts = state.facts | {
            "round": 0,
            "added": added,
            "margin": gram.margin,
            "products": gram.noise,
            "ends": ends * unit,
            "spread": unit**2,
        }
        facts |= {"events": max(0, round(facts["n"] * mean))}
        arrays = {"trial": np.concatenate([[start], np.zeros(d)]), "whole": whole}
        arrays |= {"proposed": np.zeros((0, d + 1)), "noise": np.zeros(0)}
        return State(GRADIENT, facts, state.arrays | arrays)

    def _following(self, total: Sums, state: State, proposed: Reals) -> State:
        facts = state.facts | {"round": state.facts["round"] + 1}
        if self.family != "binomial":
            weight, error = float(state.arrays["whole"][0, 0]), total.noise.get("squares", 0.0)
            spread = min(max(float(total["squares"]), error, 1e-300) / weight, facts["spread"])
            ends = max(ENDS, float(facts["outcome_reach"])) * math.sqrt(spread + error / weight)
            facts |= {"first_spread": facts.get("first_spread", spread), "spread": spread}
            facts |= {"ends": min(facts["ends"], ends)}
        kept = np.concatenate([state.arrays["proposed"], proposed[None, :]])
        noise = np.append(state.arrays["noise"], total.noise.get("gradient", 0.0))
        return State(GRADIENT, facts, state.arrays | {"trial": proposed, "proposed": kept, "noise": noise})

    def _proposed(self, total: Sums, state: State) -> tuple[Reals, Reals]:
        """A Newton step from the trial, and the inverse of the information there.

        The ridge for noise only shortens the step, so that it leaves no bias where the steps add up to the whole way.
        """
        trial, whole = state.arrays["trial"], state.arrays["whole"]
        penalty = np.full(len(trial), self.ridge * whole[0, 0])
        penalty[0] = 0.0
        inverse = np.asarray(np.linalg.inv(self._information(trial, whole) + np.diag(penalty)), dtype=np.float64)
        move = inverse @ (total["gradient"] - penalty * trial)
        length = math.sqrt(max(move @ whole @ move / whole[0, 0], 0.0))
        proposed: Reals = trial + move * min(1.0, LONGEST / max(length, 1e-300))
        if not np.isfinite(proposed).all():
            raise NotConverged("The coefficients left the numbers under the noise. Ask for fewer covariates.")
        return proposed, inverse

    def _information(self, trial: Reals, whole: Reals) -> Reals:
        """Expected curvature (1 + d, 1 + d) at the trial, with the predictor normal and covariates linear in it."""
        weight = whole[0, 0]
        means = whole[0] / weight
        along = (whole - weight * np.outer(means, means)) @ trial / weight
        spread = math.sqrt(max(float(trial @ along), 1e-12))
        curvature = self._curvature(float(means @ trial) + spread * NODES) * WEIGHTS
        zero, one, two = (float(curvature @ NODES**power) for power in range(3))
        lean = along / spread
        found = zero * whole / weight + one * (np.outer(means, lean) + np.outer(lean, means))
        information: Reals = weight * (found + (two - zero) * np.outer(lean, lean))
        return information

    def _answer(self, total: Sums, state: State, inverse: Reals) -> Result:
        estimate = state.arrays["proposed"][-AVERAGED:].mean(axis=0)
        covariance = None if self.ridge > 0 else self._covariance(state, inverse)
        left = self._way_left(state, inverse) * max(1.0, float(np.linalg.norm(estimate[1:])))
        return regression_answer(self.title, self.family, estimate, covariance, left, state, total, self.level)

    def _covariance(self, state: State, inverse: Reals) -> Reals:
        """Of chance, of the noise in the gradients, and of what noise in the products made of earlier errors.

        A step by an information that is off by E turns an error e into E e over the information; of independent noise
        of variance s ** 2 in a symmetric E, the covariance of E e is about s ** 2 times the squared length of e.
        """
        noise = float((state.arrays["noise"][-AVERAGED:] ** 2).mean()) / AVERAGED
        chance = float(state.facts["spread"]) if self.family == "gaussian" else 1.0
        covariance: Reals = chance * inverse + noise * inverse @ inverse
        whole = state.arrays["whole"]
        off = float(state.facts["products"]) * self._information(state.arrays["trial"], whole)[0, 0] / whole[0, 0]
        wider: Reals = covariance + off**2 * float(np.trace(covariance)) * inverse @ inverse
        return wider

    def _way_left(self, state: State, inverse: Reals) -> Reals:
        """What the averaged steps leave of the way (1 + d, 1 + d), should noise have made the covariates heavier."""
        whole = state.arrays["whole"].copy()
        values, axes = np.linalg.eigh(whole[1:, 1:])
        lighter = float(state.facts["added"]) + DOUBT * float(state.facts["margin"])
        whole[1:, 1:] = (axes * np.maximum(values - lighter, 0.0)) @ axes.T
        step = np.eye(len(whole)) - inverse @ self._information(state.arrays["trial"], whole)
        return np.linalg.matrix_power(step, ROUNDS - AVERAGED + 1)

    def _mean(self, predictor: Reals) -> Reals:
        if self.family == "gaussian":
            return predictor
        if self.family == "binomial":
            return np.asarray(0.5 * (1.0 + np.tanh(0.5 * predictor)))
        return np.asarray(np.exp(np.clip(predictor, -30.0, 30.0)))

    def _curvature(self, predictor: Reals) -> Reals:
        mean = self._mean(predictor)
        if self.family == "gaussian":
            return np.ones_like(mean)
        return mean * (1.0 - mean) if self.family == "binomial" else mean

    def _shift(self, state: State) -> float:
        """The outcome at 0 in the state's units; ``_unit`` is one of these."""
        middle, half, centre = (float(state.arrays[name][-1]) for name in ("middle", "half", "centre"))
        return middle + half * centre

    def _unit(self, state: State) -> float:
        return float(state.arrays["half"][-1] * state.arrays["scale"][-1])
