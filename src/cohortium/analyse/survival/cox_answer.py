"""What Cox regression tells: coefficients, tests, baseline hazard and concordance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from cohortium.analyse.answers import number, numbers, reach
from cohortium.analyse.survival.event_points import EventPoints
from cohortium.analyse.survival.time_grid import TimeGrid
from cohortium.numerics.binned_concordance import binned_concordance
from cohortium.numerics.distributions import chi2_sf, normal_sf
from cohortium.numerics.partial_likelihood import PartialLikelihood, proportionality
from cohortium.records import Result, State, Sums

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]

TRANSFORMS = ("rank", "identity", "log")


class Settings(Protocol):
    """What the answer needs to know of how the regression was set up."""

    @property
    def ties(self) -> str: ...
    @property
    def ridge(self) -> float: ...
    @property
    def robust(self) -> bool: ...
    @property
    def level(self) -> float: ...
    @property
    def time_transform(self) -> str: ...


def summarised(settings: Settings, found: PartialLikelihood, total: Sums, state: State) -> State:
    """The state with what the sums at the last coefficients say, in few numbers: the sums themselves are not kept."""
    penalty = settings.ridge * np.eye(len(found.slope))
    times = state.arrays["transformed"]
    each, together = proportionality(found, total["seen_by_time"], times, settings.ridge)
    facts = {"value": found.value, "together": together, "concordance": _concordance(total, state, settings.level)}
    arrays = {
        "model_covariance": np.linalg.inv(found.information() + penalty),
        "each": each,
        "increments": found.per_point(found.hazard),
    }
    return State(state.step, {**state.facts, **facts}, {**state.arrays, **arrays})


def answer(settings: Settings, state: State, persons: int, residual_products: Reals | None) -> Result:
    """The result, from what ``summarised`` made and, for robust errors, the products (p, p) of score residuals."""
    coefficients, covariance = state.arrays["coefficients"], state.arrays["model_covariance"]
    used = covariance if residual_products is None else covariance @ residual_products @ covariance
    tables = {
        "coefficients": _coefficients(state, covariance, used, settings),
        "proportional_hazards": _proportional(state),
        "baseline": _baseline(state),
        "strata": {"stratum": list(state.facts["cells"]), "n": list(state.facts["rows_in_strata"])},
    }
    facts = {
        **state.facts["about"],
        "events": int(state.arrays["deaths"].sum()),
        "ties": settings.ties,
        "ridge": settings.ridge,
        "level": settings.level,
        "time_transform": settings.time_transform,
        "steps": state.facts["steps"],
        **_tests(state, used),
        "concordance": state.facts["concordance"],
    }
    facts["notes"] = [*facts["notes"], *_notes(state)]
    scale = state.arrays["scale"]
    arrays = {
        "coefficients": coefficients / scale,
        "covariance": used / np.outer(scale, scale),
        "centre": state.arrays["centre"][state.arrays["kept"]],
    }
    return Result("Cox regression", persons, tables, facts, arrays)


def hazard_arrays(found: PartialLikelihood) -> dict[str, Reals]:
    """What residuals of single rows need of the totals, as ``score_residuals`` wants it."""
    hazard, share = found.hazard[:, None], found.share[:, None]
    counts = found.per_point(np.ones(len(found.point)))[:, None]
    less = np.concatenate([hazard * share, hazard * share * found.mean], axis=1)
    return {
        "hazard": found.per_point(np.concatenate([hazard, hazard * found.mean], axis=1)),
        "tie": np.concatenate([found.per_point(less), found.per_point(found.mean) / counts], axis=1),
    }


def centred_times(points: EventPoints, transform: str) -> Reals:
    """The time scale of the test of proportional hazards (points,), centred at its mean over events, of unit size."""
    times = points.time.astype(np.float64)
    if transform == "log":
        times = np.log(np.maximum(times, 0.5))
    elif transform == "rank":
        _, place = np.unique(points.time, return_inverse=True)
        deaths = np.bincount(place, weights=points.deaths)
        times = (np.cumsum(deaths) - (deaths - 1) / 2)[place]
    times = times - np.average(times, weights=points.deaths)
    return np.asarray(times / max(float(np.abs(times).max()), 1e-300))


def _coefficients(state: State, covariance: Reals, used: Reals, settings: Settings) -> dict[str, list[Any]]:
    """One row a covariate; without numbers where it is the same in all rows."""
    terms, scale = state.facts["terms"], state.arrays["scale"]
    z = reach(settings.level)
    value, error = state.arrays["coefficients"] / scale, np.sqrt(np.diag(used)) / scale
    with np.errstate(over="ignore"):
        found = {
            "coefficient": value,
            "se": error,
            "low": value - z * error,
            "high": value + z * error,
            "z": value / error,
            "p": 2 * normal_sf(np.abs(value / error)),
            "hazard_ratio": np.exp(value),
            "hazard_ratio_low": np.exp(value - z * error),
            "hazard_ratio_high": np.exp(value + z * error),
        }
    if settings.robust:
        found["model_se"] = np.sqrt(np.diag(covariance)) / scale
    return {"term": list(terms)} | {name: _placed(values, state) for name, values in found.items()}


def _placed(values: Reals, state: State) -> list[float | None]:
    placed = np.full(len(state.facts["terms"]), np.nan)
    placed[state.arrays["kept"]] = values
    return numbers(placed)


def _proportional(state: State) -> dict[str, list[Any]]:
    each = state.arrays["each"]
    statistic = [*_placed(each, state), number(state.facts["together"])]
    freedom = [1] * len(state.facts["terms"]) + [len(each)]
    p = [None if x is None else float(chi2_sf(x, df)) for x, df in zip(statistic, freedom, strict=True)]
    return {"term": [*state.facts["terms"], "all together"], "statistic": statistic, "df": freedom, "p": p}


def _baseline(state: State) -> dict[str, list[Any]]:
    """Hazard of a person whose covariates are the means over all sites."""
    points = EventPoints.from_arrays(state.arrays)
    cumulative = np.concatenate([np.cumsum(one) for one in np.split(state.arrays["increments"], points.first[1:-1])])
    return {
        "stratum": [state.facts["cells"][place] for place in points.stratum],
        "time": TimeGrid(**state.facts["grid"]).times(points.time).tolist(),
        "events": points.deaths.tolist(),
        "cumulative_hazard": cumulative.tolist(),
        "survival": np.exp(-cumulative).tolist(),
    }


def _tests(state: State, used: Reals) -> dict[str, Any]:
    """Tests of all coefficients at once, and how well the model fits."""
    coefficients, value = state.arrays["coefficients"], float(state.facts["value"])
    p = len(coefficients)
    ratio = 2 * (value - float(state.facts["null_value"]))
    wald = float(coefficients @ np.linalg.solve(used, coefficients))
    statistics = {"likelihood_ratio": ratio, "wald": wald, "score": float(state.facts["score_statistic"])}
    tests = {name: {"statistic": found, "df": p, "p": float(chi2_sf(found, p))} for name, found in statistics.items()}
    return {
        "log_likelihood": value,
        "null_log_likelihood": float(state.facts["null_value"]),
        "aic": 2 * p - 2 * value,
        "tests": tests,
    }


def _concordance(sums: Sums, state: State, level: float) -> dict[str, Any] | None:
    """With its interval and resolution; None where it was not asked for, or persons came late under observation."""
    if "scores_events" not in sums:
        return None
    z, first = reach(level), EventPoints.from_arrays(state.arrays).classes()[1]
    value, error = binned_concordance(sums["scores_events"], sums["scores_censored"], first)
    found = {"value": value, "low": max(value - z * error, 0.0), "high": min(value + z * error, 1.0)}
    resolution = {"score_bins": sums["scores_events"].shape[1], "time_classes": int(first[-1])}
    return {name: number(one) for name, one in found.items()} | resolution


def _notes(state: State) -> list[str]:
    notes = []
    kept = set(state.arrays["kept"].tolist())
    constant = [term for place, term in enumerate(state.facts["terms"]) if place not in kept]
    if constant:
        notes.append(f"{constant} are the same in every row and were left out.")
    events = int(state.arrays["deaths"].sum())
    if events < 10 * len(kept):
        notes.append(f"{events} events for {len(kept)} covariates are few; ten each is a common rule.")
    return notes
