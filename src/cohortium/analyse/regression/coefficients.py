"""The table of a regression: estimate, standard error, test and interval of every term."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.analyse.answers import numbers, one_of, reach
from cohortium.analyse.design import INTERCEPT
from cohortium.errors import InvalidRequest
from cohortium.numerics.distributions import t_sf

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]

ERRORS = ("model", "HC0", "HC1", "clustered")


def coefficient_table(
    terms: Sequence[str],
    kept: NDArray[np.int64],
    estimate: Reals,
    covariance: Reals | None,
    *,
    level: float,
    df: float = math.inf,
    ratio: str | None = None,
) -> dict[str, list[Any]]:
    """A row for the intercept and each of ``terms``; None throughout where a term was left out.

    kept       : places among the terms that were estimated (q,); the others depend on those before them.
    estimate   : (1 + q,), the intercept first; covariance : (1 + q, 1 + q), None where there is no standard error.
    df         : degrees of freedom of Student's t; ratio : what exp(estimate) is called ("odds_ratio").
    """
    places = np.concatenate([[0], kept + 1]).astype(np.int64)
    full = np.full((2, 1 + len(terms)), np.nan)
    full[0, places] = estimate
    if covariance is not None:
        full[1, places] = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    found, error = full
    with np.errstate(all="ignore"):
        statistic = np.where(error > 0, found / error, np.nan)
        low, high = found - reach(level, df) * error, found + reach(level, df) * error
        table: dict[str, list[Any]] = {
            "term": [INTERCEPT, *terms],
            "estimate": numbers(found),
            "standard_error": numbers(error),
            "statistic": numbers(statistic),
            "p_value": numbers(np.minimum(2 * t_sf(np.abs(statistic), df), 1.0)),
            "low": numbers(low),
            "high": numbers(high),
        }
        if ratio is not None:
            table |= {ratio: numbers(np.exp(found))}
            table |= {f"{ratio}_low": numbers(np.exp(low)), f"{ratio}_high": numbers(np.exp(high))}
    return table


def left_out_terms(terms: Sequence[str], kept: NDArray[np.int64]) -> list[str]:
    """A note that names the terms that could not be estimated, where there are any."""
    gone = [name for place, name in enumerate(terms) if place not in set(kept.tolist())]
    if not gone:
        return []
    return [f"Left out, being constant or a combination of the terms before them: {', '.join(gone)}."]


def require_fit(errors: str, cluster: str | None, ridge: float, lasso: float, more: tuple[str, ...] = ()) -> None:
    """Raises InvalidRequest where settings of penalties and standard errors do not go together."""
    one_of(errors, ERRORS + more, "errors")
    if min(ridge, lasso) < 0 or not math.isfinite(ridge + lasso):
        raise InvalidRequest(f"Penalties are 0 or more; ridge {ridge:g} and lasso {lasso:g} came.")
    if ridge + lasso > 0 and errors != "model":
        raise InvalidRequest("Penalised coefficients have no standard errors; leave the setting 'errors' at 'model'.")
    if cluster is not None and errors != "clustered":
        raise InvalidRequest("The setting 'cluster' names the clusters of errors = 'clustered'; set both, or neither.")
