"""The engine of generalised linear models: Fisher scoring on summed gradients and information.

Two passes of moments standardise the covariates, so that neither units nor means cost digits; then one pass a step.
The intercept and slopes of the standardised covariates are turned back exactly at the end. Source : McCullagh & Nelder
1989, Generalized Linear Models, section 2.5; proximal steps for the lasso: Friedman, Hastie & Tibshirani 2010, J. Stat.
Softw. 33(1).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.analyse.answers import reach
from cohortium.analyse.regression.coefficients import require_fit
from cohortium.analyse.regression.glm_answer import answer
from cohortium.analyse.regression.glm_steps import after_means, first_step, next_step, pearson_dispersion, standardised
from cohortium.analyse.regression.sandwich import sandwich, score_sums
from cohortium.numerics.exponential_families import HIGHEST, pieces
from cohortium.records import PERSONS, Result, Schema, State, Sums, Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cohortium.analyse.regression.model_rows import ModelColumns, Rows
    from cohortium.numerics.exponential_families import Pieces

    Reals = NDArray[np.float64]

LEAVES_SITE = (
    "sums and products of the covariates; then, at each step, the gradient and information of the likelihood, summed "
    "over records; for robust errors also products of the scores, and for clusters named by a column each one's score"
)


@dataclass(frozen=True, slots=True)
class Glm:
    """A generalised linear model; logistic, Poisson and negative binomial regression are settings of it.

    family         : of ``numerics.exponential_families``.
    outcome        : reads the outcome (n,) from a site's records, NaN where missing.
    errors         : "model", "HC0", "HC1", "clustered"; of a Poisson model also "quasi" (Pearson's dispersion).
    ridge, lasso   : penalties of half the squares and of the absolute values of slopes of covariates in units of their
                     standard deviation, beside the mean log likelihood, as in glmnet.
    """

    title: str
    family: str
    columns: ModelColumns
    outcome: Callable[[Table], Reals]
    errors: str = "model"
    ridge: float = 0.0
    lasso: float = 0.0
    level: float = 0.95

    def start(self, schema: Schema) -> State:
        """Ask for means.

        Raises : InvalidRequest where settings do not fit the schema or each other.
        """
        more = ("quasi",) if self.family == "poisson" else ()
        require_fit(self.errors, self.columns.cluster, self.ridge, self.lasso, more)
        reach(self.level)
        terms = self.columns.terms(schema)
        return State("means", {"terms": terms, "family": self.family}, {"centre": np.zeros(len(terms))})

    def local(self, records: Table, state: State) -> Sums:
        """The sums that the step asks for."""
        rows = self.columns.rows(records, self.outcome)
        ask = {"means": _means, "spread": _spread, "scoring": _scoring, "errors": self._scores}[state.step]
        return Sums({PERSONS: rows.persons} | ask(rows, state))

    def combine(self, total: Sums, state: State) -> State | Result:
        """Means, spread, steps until the likelihood settles, robust errors where asked for, the answer.

        Raises : TooFewRecords; NotConverged, as where covariates separate the outcomes.
        """
        if state.step == "means":
            return after_means(state, total)
        if state.step == "spread":
            return first_step(state, total)
        if state.step == "errors":
            return self._answer(
                state, total.persons, sandwich(self.errors, total, self._bread(state), state.facts["n"])
            )
        weight = float(state.facts["weight"])
        following = next_step(state, total, lasso=self.lasso * weight, ridge=self.ridge * weight)
        if following.step == "scoring" or self.errors not in ("model", "quasi"):
            return following
        return self._answer(following, total.persons, self._covariance(following))

    def _scores(self, rows: Rows, state: State) -> dict[str, Any]:
        Z = standardised(state).matrix(rows.X)
        return score_sums(self.errors, Z, _pieces(rows, Z, state).slope, rows)

    def _bread(self, state: State) -> Reals:
        return np.linalg.inv(state.arrays["information"])

    def _covariance(self, state: State) -> Reals | None:
        if self.ridge + self.lasso > 0:
            return None
        return self._bread(state) * (pearson_dispersion(state) if self.errors == "quasi" else 1.0)

    def _answer(self, state: State, persons: int, covariance: Reals | None) -> Result:
        return answer(self.title, state, persons, covariance, level=self.level, ridge=self.ridge, lasso=self.lasso)


def _means(rows: Rows, state: State) -> dict[str, Any]:
    return {
        "n": len(rows.y),
        "left_out": rows.left_out,
        "positive": int((rows.y > 0).sum()),
        "weight": float(rows.weight.sum()),
        "x": rows.weight @ rows.X,
        "y": float(rows.weight @ rows.y),
        "expected": float(rows.weight @ np.exp(np.minimum(rows.offset, HIGHEST))),
    }


def _spread(rows: Rows, state: State) -> dict[str, Any]:
    gaps, apart = rows.X - state.arrays["centre"], rows.y - state.facts["y"] / max(state.facts["weight"], 1e-300)
    return {"products": (gaps * rows.weight[:, None]).T @ gaps, "squares": float(rows.weight @ apart**2)}


def _scoring(rows: Rows, state: State) -> dict[str, Any]:
    Z = standardised(state).matrix(rows.X)
    found = _pieces(rows, Z, state)
    return {
        "gradient": found.slope @ Z,
        "information": (Z * found.curvature[:, None]).T @ Z,
        "log_likelihood": found.log_likelihood,
        "deviance": found.deviance,
        "pearson": found.pearson,
        "shape": np.array([found.shape_slope, found.shape_curvature]),
    }


def _pieces(rows: Rows, Z: Reals, state: State) -> Pieces:
    predictor = Z @ state.arrays["trial"] + rows.offset
    return pieces(state.facts["family"], rows.y, predictor, rows.weight, state.facts["alpha"])
