"""Linear regression: how covariates change the mean of an outcome."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.analyse.answers import reach
from cohortium.analyse.moments import require_numbers
from cohortium.analyse.noise.glm import NoisyGlm, is_noisy
from cohortium.analyse.noise.plausible_box import number_box
from cohortium.analyse.noise.products import NoisyProducts, Outcome
from cohortium.analyse.noise.regression import require_plain
from cohortium.analyse.regression.coefficients import coefficient_table, left_out_terms, require_fit
from cohortium.analyse.regression.linear_fit import fit_facts
from cohortium.analyse.regression.model_rows import ModelColumns, Rows
from cohortium.analyse.regression.sandwich import sandwich, score_sums
from cohortium.errors import TooFewRecords
from cohortium.numerics.penalised_quadratic import lowest_point
from cohortium.numerics.standardised import Standardised
from cohortium.records import PERSONS, Result, Schema, State, Sums, Table
from cohortium.registry import algorithm

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]


@algorithm(
    "linear_regression",
    title="Linear regression",
    leaves_site="sums and products of covariates and outcome, around the means of all sites; the sum of squared "
    "residuals; for robust errors products of the scores, and for clusters named by a column each one's score; in mode "
    "dp, sums and products of covariates, and products of covariates with residuals",
    source="Seber & Lee 2003, Linear Regression Analysis, chapter 3; errors: White 1980, Liang & Zeger 1986",
    family="models",
)
@dataclass(frozen=True, slots=True)
class LinearRegression:
    """Least squares: differences of means with intervals by Student's t.

    outcome    : numeric column.
    covariates : as in ``design``: "age", "stage", "log(marker)", "rcs(age, 40, 60, 80)", "stage:treated"; a nominal
                 column of sites gives each site an intercept of its own.
    weights, cluster : columns, see ``ModelColumns``; a weight divides a row's variance.
    errors     : "model", robust "HC0" or "HC1", or "clustered" by ``cluster``, or by persons where that is None.
    ridge, lasso : penalties of half the squares and of the absolute values of slopes of standardised covariates beside
                 half the mean squared residual, as in glmnet; there are no standard errors with them.
    In mode "dp" errors allow for the noise; weights, other errors and lasso cannot be had.
    Reveals    : the coefficients and their covariance over all sites.
    """

    outcome: str
    covariates: tuple[str, ...]
    weights: str | None = None
    errors: str = "model"
    cluster: str | None = None
    ridge: float = 0.0
    lasso: float = 0.0
    level: float = 0.95

    def columns(self) -> tuple[str, ...]:
        """Outcome, covariates, weights and clusters."""
        return self._columns().names()

    def start(self, schema: Schema) -> State:
        """Ask for means.

        Raises : InvalidRequest where settings do not fit the schema or each other.
        """
        require_numbers(schema, self.outcome)
        require_fit(self.errors, self.cluster, self.ridge, self.lasso)
        reach(self.level)
        return State("means", {"terms": self._columns().terms(schema)})

    def start_noisy(self, schema: Schema) -> State:
        """Ask for moments of rows of bounded length.

        Raises : NotApplicable for weights and robust errors, which noise leaves nothing of.
        """
        state = self.start(schema)
        require_plain(self.errors, self.lasso, weights=self.weights)
        return self._noisy().products.start(schema, state.facts)

    def local(self, records: Table, state: State) -> Sums:
        """The sums that the step asks for."""
        if is_noisy(state):
            return self._noisy().local(records, state)
        rows = self._columns().rows(records, lambda table: table.numeric(self.outcome))
        ask = {"means": _means, "products": _products, "residuals": self._residuals}[state.step]
        return Sums({PERSONS: rows.persons} | ask(rows, state))

    def combine(self, total: Sums, state: State) -> State | Result:
        """Means, coefficients, and after the residuals the answer.

        Raises : TooFewRecords unless there are more rows than coefficients.
        """
        if state.step == "means":
            return _centred(state, total)
        if state.step == "products":
            return self._solved(state, total)
        if is_noisy(state):
            return self._noisy().combine(total, state)
        return self._answer(state, total)

    def steps(self) -> tuple[int, ...]:
        """In mode "dp": a look at where the rows are, their products, and gradients."""
        return self._noisy().steps()

    def sensitivity(self, state: State) -> dict[str, float]:
        """As of ``NoisyGlm``."""
        return self._noisy().sensitivity(state)

    def array_weights(self, state: State) -> dict[str, float]:
        """As of ``NoisyGlm``."""
        return self._noisy().array_weights(state)

    def clip(self, records: Table, state: State) -> Table:
        """One row per person, with numbers within their plausible ranges."""
        return self._noisy().products.clip(records)

    def _noisy(self) -> NoisyGlm:
        outcome = Outcome(
            self.outcome, lambda table: table.numeric(self.outcome), lambda schema: number_box(schema, self.outcome)
        )
        return NoisyGlm(
            "Linear regression", "gaussian", NoisyProducts(self.covariates, outcome), self.ridge, self.level
        )

    def _columns(self) -> ModelColumns:
        return ModelColumns(self.outcome, self.covariates, self.weights, None, None, self.cluster)

    def _solved(self, state: State, total: Sums) -> State:
        weight = float(state.facts["weight"])
        made = Standardised.from_moments(state.arrays["centre"][:-1], total["products"] / weight)
        q = len(made.kept)
        if state.facts["n"] <= q + 1 and not self.ridge + self.lasso > 0:
            raise TooFewRecords(
                f"A regression of {q + 1} coefficients needs more rows than that; use fewer covariates."
            )
        gram = np.eye(q + 1)
        gram[1:, 1:] = total["products"][np.ix_(made.kept, made.kept)] / weight / np.outer(made.scale, made.scale)
        slope = np.concatenate([[0.0], total["with_outcome"][made.kept] / weight / made.scale])
        free = np.concatenate([[0.0], np.ones(q)])
        found = lowest_point(gram, slope, np.zeros(q + 1), self.lasso * free, self.ridge * free)
        arrays = {
            "centre": state.arrays["centre"],
            "kept": made.kept,
            "scale": made.scale,
            "gram": gram,
            "found": found,
        }
        return State("residuals", state.facts | {"spread": float(total["outcome"])}, arrays)

    def _residuals(self, rows: Rows, state: State) -> dict[str, Any]:
        Z = _standardised(state).matrix(rows.X)
        residual = rows.y - state.arrays["centre"][-1] - Z @ state.arrays["found"]
        slope = rows.weight * residual
        sums: dict[str, Any] = {"gradient": slope @ Z, "squares": float(slope @ residual)}
        return sums if self.errors == "model" else sums | score_sums(self.errors, Z, slope, rows)

    def _answer(self, state: State, total: Sums) -> Result:
        made, facts = _standardised(state), state.facts
        weight, n, free = float(facts["weight"]), int(facts["n"]), len(state.arrays["found"])
        inverse = np.asarray(np.linalg.inv(state.arrays["gram"] * weight), dtype=np.float64)
        squares, is_penalised = float(total["squares"]), self.ridge + self.lasso > 0
        # One step of refinement: what rounding left in the normal equations shows in the residuals.
        found = state.arrays["found"] + (0.0 if is_penalised else inverse @ total["gradient"])
        found[0] += state.arrays["centre"][-1]
        back, covariance = made.back(), None
        if not is_penalised:
            robust = self.errors != "model"
            spread = sandwich(self.errors, total, inverse, n) if robust else inverse * (squares / (n - free))
            covariance = back @ spread @ back.T
        estimate = back @ found
        table = coefficient_table(
            facts["terms"], made.kept, estimate, covariance, level=self.level, df=max(n - free, 1)
        )
        notes = left_out_terms(facts["terms"], made.kept)
        arrays = {"coefficients": estimate} | ({} if covariance is None else {"covariance": covariance})
        known = fit_facts(facts, squares, free, is_penalised, has_test=self.errors == "model") | {
            "level": self.level,
            "notes": notes,
        }
        return Result("Linear regression", total.persons, {"coefficients": table}, known, arrays)


def _standardised(state: State) -> Standardised:
    kept = state.arrays["kept"].astype(np.int64)
    return Standardised(kept, state.arrays["centre"][kept], state.arrays["scale"])


def _means(rows: Rows, state: State) -> dict[str, Any]:
    return {
        "n": len(rows.y),
        "left_out": rows.left_out,
        "weight": float(rows.weight.sum()),
        "log_weight": float(np.log(rows.weight).sum()),
        "sums": np.concatenate([rows.weight @ rows.X, [rows.weight @ rows.y]]),
    }


def _centred(state: State, total: Sums) -> State:
    if int(total["n"]) == 0:
        raise TooFewRecords("No row has the outcome and all covariates; a linear regression needs such rows.")
    facts = state.facts | {name: int(total[name]) for name in ("n", "left_out")}
    facts |= {name: float(total[name]) for name in ("weight", "log_weight")}
    return State("products", facts, {"centre": total["sums"] / float(total["weight"])})


def _products(rows: Rows, state: State) -> dict[str, Any]:
    gaps, apart = rows.X - state.arrays["centre"][:-1], rows.y - state.arrays["centre"][-1]
    weighted = gaps * rows.weight[:, None]
    return {
        "products": weighted.T @ gaps,
        "with_outcome": weighted.T @ apart,
        "outcome": float(rows.weight @ apart**2),
    }
