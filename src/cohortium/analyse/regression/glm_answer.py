"""The answer of a generalised linear model, back in the units of the covariates."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.analyse.answers import number
from cohortium.analyse.regression.coefficients import coefficient_table, left_out_terms
from cohortium.analyse.regression.glm_steps import pearson_dispersion, standardised
from cohortium.records import Result, State

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]


def answer(
    title: str,
    state: State,
    persons: int,
    covariance: Reals | None,
    *,
    level: float,
    ridge: float,
    lasso: float,
) -> Result:
    """The table of coefficients with how well the model fits.

    covariance : of the standardised coefficients; None where they are penalised.
    """
    back, facts = standardised(state).back(), state.facts
    estimate = back @ state.arrays["trial"]
    spread = None if covariance is None else back @ covariance @ back.T
    binary = facts["family"] == "binomial"
    kept = state.arrays["kept"].astype(np.int64)
    table = coefficient_table(
        facts["terms"], kept, estimate, spread, level=level, ratio="odds_ratio" if binary else "rate_ratio"
    )
    arrays = {"coefficients": estimate} | ({} if spread is None else {"covariance": spread})
    return Result(title, persons, {"coefficients": table}, _facts(state, spread is None, level, ridge, lasso), arrays)


def _facts(state: State, is_penalised: bool, level: float, ridge: float, lasso: float) -> dict[str, Any]:
    facts, size = state.facts, len(state.arrays["trial"])
    value, with_alpha = float(facts["log_likelihood"]), facts["alpha"] > 0
    free = size + int(with_alpha)
    notes = left_out_terms(facts["terms"], state.arrays["kept"].astype(np.int64))
    if facts.get("no_overdispersion"):
        notes.append("The counts vary no more than a Poisson model expects; alpha is 0, and this is that model.")
    if is_penalised:
        notes.append("Penalised coefficients are drawn towards 0; they have no standard errors, nor an AIC.")
        notes.append(f"Penalties: ridge {ridge:g}, lasso {lasso:g}, in standard deviations of the covariates.")
    dispersion = 1.0 if facts["family"] == "binomial" else pearson_dispersion(state)
    found: dict[str, Any] = {"n": facts["n"]}
    found |= {"events": facts["positive"] if facts["family"] == "binomial" else number(facts["y"])}
    found |= {
        "log_likelihood": value,
        "deviance": float(facts["deviance"]),
        "aic": None if is_penalised else 2.0 * free - 2.0 * value,
        "bic": None if is_penalised else math.log(facts["n"]) * free - 2.0 * value,
        "dispersion": number(dispersion),
        "converged": True,
        "iterations": facts["iterations"],
        "rows_left_out": facts["left_out"],
        "level": level,
        "notes": notes,
    }
    if with_alpha:
        error = facts["alpha_error"]
        found |= {"alpha": float(facts["alpha"]), "alpha_standard_error": None if error is None else float(error)}
    return found
