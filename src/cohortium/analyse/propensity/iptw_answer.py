"""Sums of weighted arms, and the answer of propensity weighting: means, effects, and balance of covariates."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.analyse.answers import number, numbers, reach
from cohortium.numerics.distributions import normal_sf
from cohortium.numerics.treatment_weights import covariance_of_means
from cohortium.records import Result, State, Sums

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cohortium.analyse.regression.model_rows import Rows
    from cohortium.numerics.treatment_weights import Weights

    Reals = NDArray[np.float64]

BALANCED = 0.1
"""Standardised mean difference below which covariates are usually called balanced: Austin 2009, Stat. Med. 28, 3083."""


def balance_sums(gaps: Reals, treated: Reals, y: Reals, weight: Reals) -> dict[str, Any]:
    """Per arm, untreated first: rows, weights and their squares, weighted outcomes, covariates plain and weighted.

    gaps : covariates (n, p) around the means of all.
    """
    arms = np.stack([1.0 - treated, treated])
    return {
        "arms": np.array([len(y) - int(treated.sum()), int(treated.sum())], dtype=np.int64),
        "weight": arms @ weight,
        "weight_squared": arms @ weight**2,
        "outcome": arms @ (weight * y),
        "x": arms @ gaps,
        "x_squared": arms @ gaps**2,
        "x_weighted": (arms * weight) @ gaps,
    }


def effect_sums(rows: Rows, y: Reals, weights: Weights, state: State) -> dict[str, Any]:
    """Products of persons' scores, and how the weighted residuals change with the propensity's coefficients."""
    arms = np.stack([1.0 - rows.y, rows.y], axis=1)
    residual = y[:, None] - state.arrays["mean"]
    Z = np.concatenate([np.ones((len(y), 1)), rows.X - state.arrays["centre"]], axis=1)
    Z = Z / _sizes(state)
    predictor = state.arrays["coefficients"][0] + rows.X @ state.arrays["coefficients"][1:]
    chance = 0.5 * (1.0 + np.tanh(0.5 * predictor))
    person = np.unique(rows.cluster, return_inverse=True)[1]
    own = np.concatenate([arms * residual * weights.weight[:, None], Z * (rows.y - chance)[:, None]], axis=1)
    summed = np.zeros((int(person.max(initial=-1)) + 1, own.shape[1]))
    np.add.at(summed, person, own)
    products = summed.T @ summed
    return {
        "scores": products[:2, :2],
        "with_propensity": products[:2, 2:],
        "propensity": products[2:, 2:],
        "drift": (arms * residual * weights.slope[:, None]).T @ Z,
        "information": (Z * (chance * (1.0 - chance))[:, None]).T @ Z,
    }


def answer(total: Sums, state: State, variance: str, estimand: str, level: float) -> Result:
    """Means of both arms, effects with intervals, and balance."""
    mean, weight = state.arrays["mean"], state.arrays["weight"]
    if variance == "robust":
        covariance = total["scores"] / np.outer(weight, weight)
    else:
        kept = state.arrays["estimated"] > 0
        square = np.ix_(kept, kept)
        covariance = covariance_of_means(
            weight,
            total["scores"],
            total["with_propensity"][:, kept],
            total["drift"][:, kept],
            total["propensity"][square],
            total["information"][square],
        )
    is_binary, arms = state.facts["is_binary"], state.arrays["arms"]
    effective = weight**2 / state.arrays["weight_squared"]
    balance = _balance(state)
    notes = list(state.facts["notes"])
    if float(effective.sum()) < 0.5 * float(arms.sum()):
        notes.append("The weights are so uneven that they leave less than half of the patients' information.")
    tables = {
        "effects": _effects(mean, covariance, is_binary, level),
        "means": _means(mean, covariance, arms, effective, weight / arms, level),
        "balance": balance,
    }
    after = [abs(one) for one in balance["smd_after"] if one is not None]
    facts: dict[str, Any] = {"n": int(arms.sum()), "estimand": estimand, "variance": variance, "level": level}
    facts |= {"largest_smd_after": max(after, default=None), "is_balanced": max(after, default=0.0) < BALANCED}
    low, high = state.facts["bounds"]
    facts |= {"lowest_weight": number(low), "highest_weight": high if high < 1e300 else None}
    facts |= {"rows_left_out": state.facts["left_out"], "notes": notes}
    return Result(
        "Inverse probability of treatment weighting", total.persons, tables, facts, {"covariance": covariance}
    )


def _sizes(state: State) -> Reals:
    """What the covariates are divided by, so that units cost no digits: the root mean square around the centre."""
    n = float(state.arrays["arms"].sum())
    spread = np.sqrt(state.arrays["x_squared"].sum(axis=0) / n)
    return np.concatenate([[1.0], np.where(spread > 0, spread, 1.0)])


def _effects(mean: Reals, covariance: Reals, is_binary: bool, level: float) -> dict[str, list[Any]]:
    """Treated against untreated: the difference, and ratios by the delta method on the log scale."""
    contrasts = {"risk difference" if is_binary else "mean difference": (mean, np.ones(2), False)}
    inside = bool(((mean > 0) & (mean < 1)).all())
    if is_binary and inside:
        contrasts["risk ratio"] = (np.log(mean), 1.0 / mean, True)
        contrasts["odds ratio"] = (np.log(mean / (1.0 - mean)), 1.0 / (mean * (1.0 - mean)), True)
    columns = ("effect", "estimate", "standard_error", "statistic", "p_value", "low", "high")
    table: dict[str, list[Any]] = {name: [] for name in columns}
    for name, (values, slopes, is_log) in contrasts.items():
        gradient = np.array([-1.0, 1.0]) * slopes
        found, error = float(values[1] - values[0]), math.sqrt(max(float(gradient @ covariance @ gradient), 0.0))
        z, width = (found / error if error > 0 else math.nan), reach(level) * error
        ends = np.array([found, found - width, found + width])
        estimate, low, high = np.exp(ends) if is_log else ends
        row = (
            name,
            number(estimate),
            number(error),
            number(z),
            number(2 * normal_sf(abs(z))),
            number(low),
            number(high),
        )
        for column, value in zip(columns, row, strict=True):
            table[column].append(value)
    return table


def _means(
    mean: Reals, covariance: Reals, arms: NDArray[np.int64], effective: Reals, average: Reals, level: float
) -> dict[str, list[Any]]:
    error = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    width = reach(level) * error
    return {
        "arm": ["untreated", "treated"],
        "n": arms.tolist(),
        "effective_n": numbers(effective),
        "mean_weight": numbers(average),
        "mean": numbers(mean),
        "standard_error": numbers(error),
        "low": numbers(mean - width),
        "high": numbers(mean + width),
    }


def _balance(state: State) -> dict[str, list[Any]]:
    """Means of every term in both arms, and standardised differences, by the spread before weighting throughout."""
    centre, arms = state.arrays["centre"], state.arrays["arms"].astype(np.float64)
    before = state.arrays["x"] / arms[:, None]
    variance = (state.arrays["x_squared"] - arms[:, None] * before**2) / np.maximum(arms - 1.0, 1.0)[:, None]
    after = state.arrays["x_weighted"] / state.arrays["weight"][:, None]
    spread = np.sqrt(np.maximum(variance.mean(axis=0), 0.0))
    table: dict[str, list[Any]] = {"term": list(state.facts["propensity"]["terms"])}
    with np.errstate(all="ignore"):
        for name, means in (("before", before), ("after", after)):
            table[f"untreated_{name}"] = numbers(centre + means[0])
            table[f"treated_{name}"] = numbers(centre + means[1])
            table[f"smd_{name}"] = numbers((means[1] - means[0]) / spread)
    return table
