"""What a regression under noise answers: coefficients in their own units, and notes of what the noise did to them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.analyse.noise.counts import noise_facts
from cohortium.analyse.regression.coefficients import coefficient_table
from cohortium.errors import NotApplicable
from cohortium.numerics.standardised import Standardised
from cohortium.records import Result, State, Sums

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]

NOTE = (
    "The sums carry noise that hides any single person; standard errors and intervals allow for it. Of each person one "
    "complete row counts, with numbers within their plausible ranges; rows far from the mean weigh less."
)
RATIOS = {"binomial": "odds_ratio", "poisson": "rate_ratio"}
SHORT = (
    "these vary too little beside the noise; their coefficients are drawn towards 0 and have no standard errors. Ask "
    "for fewer covariates or levels, or with a larger epsilon."
)
LITTLE = 0.2
"""Part of a standard error that a coefficient may be short of what its steps lead to."""
PENALISED = "Penalised coefficients are drawn towards 0; they have no standard errors."


def require_plain(errors: str, lasso: float, **columns: str | None) -> None:
    """Raises NotApplicable for what a regression cannot have in mode "dp"."""
    if lasso > 0:
        raise NotApplicable("There is no lasso in mode 'dp'; use a ridge.")
    if errors != "model":
        raise NotApplicable(f"There are no errors = '{errors}' in mode 'dp'; its errors allow for the noise instead.")
    for setting, name in columns.items():
        if name is not None:
            raise NotApplicable(f"The setting '{setting}' cannot be used in mode 'dp'. Leave it out.")


def original_units(state: State) -> Standardised:
    """How the covariates were centred and scaled, in their own units."""
    d = len(state.facts["terms"])
    middle, half, centre, scale = (state.arrays[name][:d] for name in ("middle", "half", "centre", "scale"))
    return Standardised(np.arange(d), middle + half * centre, half * scale)


def regression_answer(
    title: str,
    family: str,
    estimate: Reals,
    covariance: Reals | None,
    left: Reals,
    state: State,
    total: Sums,
    level: float,
) -> Result:
    """The answer, from coefficients of rows in the state's units; what noise leaves nothing of is None.

    left : (1 + d, 1 + d), times a vector of length 1, what each coefficient may be short of; it has an error only where
           that is little beside it.
    """
    facts, back, terms = state.facts, original_units(state).back(), state.facts["terms"]
    middle, half, centre, scale = (float(state.arrays[name][-1]) for name in ("middle", "half", "centre", "scale"))
    unit = half * scale if family == "gaussian" else 1.0
    found = back @ estimate * unit
    found[0] += middle + half * centre if family == "gaussian" else 0.0
    spread = None if covariance is None else back @ covariance @ back.T * unit**2
    short = np.zeros(len(found), dtype=np.bool_)
    if spread is not None:
        short = np.linalg.norm(back @ left, axis=1) * unit > LITTLE * np.sqrt(np.diag(spread))
        spread[short] = spread[:, short] = np.nan
    spare = max(facts["n"] - len(found), 1)
    df = float(spare) if family == "gaussian" else math.inf
    table = coefficient_table(terms, np.arange(len(terms)), found, spread, level=level, df=df, ratio=RATIOS.get(family))
    known: dict[str, Any] = {"n": total.persons, **_fit(family, facts, unit, spare), "converged": True}
    known |= {
        "level": level,
        "notes": notes(["(intercept)", *terms], short, spread is None),
        **noise_facts(total, level),
    }
    arrays = {"coefficients": found} | ({} if spread is None or short.any() else {"covariance": spread})
    return Result(title, total.persons, {"coefficients": table}, known, arrays)


def _fit(family: str, facts: Mapping[str, Any], unit: float, spare: int) -> dict[str, Any]:
    unknown = dict.fromkeys(("log_likelihood", "aic", "bic", "rows_left_out"))
    if family != "gaussian":
        return unknown | {"events": facts["events"], "deviance": None, "dispersion": None}
    share = min(max(1.0 - facts["spread"] / facts["first_spread"], 0.0), 1.0)
    return unknown | {
        "df_residual": spare,
        "r_squared": share,
        "adjusted_r_squared": None,
        "f": None,
        "f_p": None,
        "dispersion": facts["spread"] * unit**2,
        "deviance": facts["spread"] * unit**2 * facts["n"],
    }


def notes(names: Sequence[str], short: NDArray[np.bool_], is_penalised: bool) -> list[str]:
    """What the noise did, and what the researcher's penalties did."""
    if is_penalised:
        return [NOTE, PENALISED]
    gone = ", ".join(name for name, is_short in zip(names, short, strict=True) if is_short)
    return [NOTE, f"{gone}: {SHORT}"] if gone else [NOTE]
