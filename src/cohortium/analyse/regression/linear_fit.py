"""How well a linear regression fits: single numbers of its answer."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from cohortium.numerics.distributions import f_sf


def fit_facts(
    known: Mapping[str, Any], squares: float, free: int, is_penalised: bool, *, has_test: bool
) -> dict[str, Any]:
    """R squared, F test, residual spread, likelihood and criteria; None where undefined or the fit is penalised.

    known   : n, left_out, sum of weights and of their logarithms, weighted spread of the outcome around its mean.
    squares : weighted sum of squared residuals; free : coefficients that were estimated;
    has_test : whether the F test, which takes residuals to be of one variance, is wanted.
    """
    n, spread = int(known["n"]), float(known["spread"])
    spare, slopes = n - free, free - 1
    share = 1.0 - squares / spread if spread > 0 else None
    # Below this the residuals are rounding, and no likelihood can be told.
    is_exact = squares <= 1e-24 * spread
    value = None if is_exact else 0.5 * (float(known["log_weight"]) - n * (math.log(2 * math.pi * squares / n) + 1.0))
    is_testable = share is not None and slopes > 0 and spare > 0 and not is_exact and not is_penalised
    f = (spread - squares) / slopes / (squares / spare) if has_test and is_testable else None
    has_criteria = value is not None and not is_penalised
    return {
        "n": n,
        "df_residual": spare,
        "r_squared": share,
        "adjusted_r_squared": 1.0 - (1.0 - share) * (n - 1) / spare if share is not None and spare > 0 else None,
        "f": f,
        "f_p": None if f is None else float(f_sf(f, slopes, spare)),
        "dispersion": squares / spare if spare > 0 else None,
        "deviance": squares,
        "log_likelihood": value,
        "aic": 2.0 * free - 2.0 * value if has_criteria and value is not None else None,
        "bic": math.log(n) * free - 2.0 * value if has_criteria and value is not None else None,
        "converged": True,
        "rows_left_out": int(known["left_out"]),
    }
