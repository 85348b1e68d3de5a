"""The hub's part of a generalised linear model: from sums to the next coefficients to try."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from cohortium.errors import NotConverged, TooFewRecords
from cohortium.numerics.penalised_quadratic import lowest_point
from cohortium.numerics.standardised import Standardised
from cohortium.records import State, Sums

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]

SETTLED = 1e-18
"""Gain in likelihood, in its own units, that the next step promises when the last one is taken."""
MOST_STEPS = 200
MOST_HALVINGS = 40
SMALLEST_ALPHA = 1e-5
SEPARATED = 100.0
"""Standard error of the log odds, or log rate, over one standard deviation of a combination of covariates above which
nothing is known of it. One event on either side gives 1 to 2; where covariates separate the outcomes it grows without
end."""


def standardised(state: State) -> Standardised:
    """The standardisation that all sites share."""
    kept = state.arrays["kept"].astype(np.int64)
    return Standardised(kept, state.arrays["centre"][kept], state.arrays["scale"])


def pearson_dispersion(state: State) -> float:
    """Pearson's chi-square over its degrees of freedom; NaN where there are none."""
    spare = int(state.facts["n"]) - len(state.arrays["trial"])
    return float(state.facts["pearson"]) / spare if spare > 0 else math.nan


def after_means(state: State, total: Sums) -> State:
    """Ask for the spread around the means.

    Raises : TooFewRecords where the outcome does not vary enough for any model.
    """
    n, positive, family = int(total["n"]), int(total["positive"]), state.facts["family"]
    if n == 0 or positive == 0 or (family == "binomial" and positive == n):
        needed = "rows with and without the outcome" if family == "binomial" else "rows with an event"
        raise TooFewRecords(f"The regression needs {needed}; among the complete rows there are none of one or both.")
    facts = state.facts | {name: int(total[name]) for name in ("n", "left_out", "positive")}
    facts |= {name: float(total[name]) for name in ("weight", "y", "expected")}
    return State("spread", facts, {"centre": total["x"] / float(total["weight"])})


def first_step(state: State, total: Sums) -> State:
    """Start at the intercept alone, and a negative binomial from the spread of all counts."""
    weight, mean = float(state.facts["weight"]), float(state.facts["y"]) / float(state.facts["weight"])
    covariance = total["products"] / weight
    made = Standardised.from_moments(state.arrays["centre"], covariance)
    gram = np.eye(1 + len(made.kept))
    gram[1:, 1:] = covariance[np.ix_(made.kept, made.kept)] / np.outer(made.scale, made.scale)
    trial = np.zeros(len(gram))
    alpha = 0.0
    if state.facts["family"] == "binomial":
        trial[0] = math.log(mean / (1.0 - mean))
    else:
        trial[0] = math.log(float(state.facts["y"]) / float(state.facts["expected"]))
    if state.facts["family"] == "negative binomial":
        alpha = max((float(total["squares"]) / weight - mean) / mean**2, 0.1)
    facts = state.facts | {"alpha": alpha, "iterations": 0, "halvings": 0, "objective": None, "old_alpha": alpha}
    arrays = {"centre": state.arrays["centre"], "kept": made.kept, "scale": made.scale, "gram": gram}
    return State("scoring", facts, arrays | {"trial": trial, "old": trial})


def next_step(state: State, total: Sums, *, lasso: float, ridge: float) -> State:
    """The next coefficients to try ("scoring"), half the way where the last made things worse; "errors" once settled.

    lasso, ridge : penalties of the slopes beside the log likelihood's sum.
    Raises       : NotConverged.
    """
    facts, trial = dict(state.facts), state.arrays["trial"]
    penalised = np.concatenate([[0.0], np.ones(len(trial) - 1)])
    objective = penalised @ (lasso * np.abs(trial) + 0.5 * ridge * trial**2) - float(total["log_likelihood"])
    best = facts["objective"]
    if best is not None and not objective <= best + 1e-11 * (1.0 + abs(best)):
        return _halved(state)
    if facts["iterations"] >= MOST_STEPS:
        raise NotConverged(f"The regression did not settle in {MOST_STEPS} steps. Use fewer covariates, or a ridge.")
    information, gradient = total["information"], total["gradient"]
    if not lasso + ridge > 0:
        _require_overlap(state, information)
    fresh = lowest_point(information, gradient, trial, lasso * penalised, ridge * penalised)
    move = fresh - trial
    promised = float(move @ (information + np.diag(ridge * penalised)) @ move)
    alpha_step, alpha_promised, alpha_error = _alpha_step(facts, total)
    facts |= {"objective": float(objective), "iterations": facts["iterations"] + 1, "halvings": 0}
    facts |= {name: float(total[name]) for name in ("log_likelihood", "deviance", "pearson")}
    facts |= {"old_alpha": facts["alpha"], "alpha_error": alpha_error}
    facts["alpha"] = facts["alpha"] * math.exp(alpha_step)
    arrays = state.arrays | {"trial": fresh, "old": trial, "information": information}
    if facts["family"] == "negative binomial" and facts["alpha"] < SMALLEST_ALPHA:
        facts |= {"family": "poisson", "alpha": 0.0, "old_alpha": 0.0, "objective": None, "no_overdispersion": True}
        return State("scoring", facts, arrays)
    settled = promised + alpha_promised <= SETTLED * max(1.0, facts["weight"] / facts["n"])
    return State("errors" if settled else "scoring", facts, arrays)


def _halved(state: State) -> State:
    facts, old = state.facts, state.arrays["old"]
    if facts["halvings"] >= MOST_HALVINGS:
        raise NotConverged("The regression found no better coefficients. Use fewer covariates, or a ridge.")
    alpha = math.sqrt(facts["alpha"] * facts["old_alpha"])
    halfway = state.arrays | {"trial": (old + state.arrays["trial"]) / 2}
    return State("scoring", facts | {"halvings": facts["halvings"] + 1, "alpha": alpha}, halfway)


def _alpha_step(facts: dict[str, object], total: Sums) -> tuple[float, float, float | None]:
    """Step of log alpha, what it promises, and the standard error of alpha."""
    if facts["family"] != "negative binomial":
        return 0.0, 0.0, None
    alpha = float(facts["alpha"])  # type: ignore[arg-type]
    slope, bend = float(total["shape"][0]), float(total["shape"][1])
    gain, curvature = alpha * slope, -(alpha**2 * bend + alpha * slope)
    if curvature <= 0:
        return math.copysign(1.0, gain), math.inf, None
    step = gain / curvature
    return max(-2.0, min(step, 2.0)), gain * step, alpha / math.sqrt(curvature)


def _require_overlap(state: State, information: Reals) -> None:
    """Raises NotConverged where a combination of covariates separates the outcomes, and names its terms."""
    n, weight = int(state.facts["n"]), float(state.facts["weight"])
    root = np.linalg.cholesky(state.arrays["gram"])
    flat = np.linalg.solve(root, np.linalg.solve(root, information * (n / weight)).T)
    values, vectors = np.linalg.eigh((flat + flat.T) / 2)
    if values[0] * SEPARATED**2 >= 1.0:
        return
    sizes = np.abs(np.linalg.solve(root.T, vectors[:, 0]))[1:]
    terms = [state.facts["terms"][place] for place in state.arrays["kept"]]
    named = [name for name, size in zip(terms, sizes, strict=True) if size >= 0.3 * sizes.max(initial=0.0)]
    raise NotConverged(
        f"The coefficients grow without end: {', '.join(named) or 'the covariates'} separate the rows with the outcome "
        "from those without. Leave such a covariate out, merge its levels, or set a ridge (0.01, say)."
    )
