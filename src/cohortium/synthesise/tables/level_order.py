"""An order for levels that have none, so that levels whose records are alike lie side by side."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from cohortium.numerics.normal_scores import normal_quantile
from cohortium.synthesise.tables.marginal_codec import Marginal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

MOST_INDICATORS = 20
"""So many levels of a nominal column, the most frequent ones, help to order the levels of others."""


def order_levels(marginals: tuple[Marginal, ...], values: list[Floats], weights: Floats) -> tuple[Marginal, ...]:
    """The marginals with the cells of every unordered column along the main difference between its levels.

    values  : per column the numbers or level codes (n,), NaN where missing; weights (n,) of the records.

    A level is placed by the mean of its records in all other columns, on the first principal component of those means:
    the direction in which the levels differ most. Two levels that do not differ may come in any order.
    """
    features = [_features(marginal, column, weights) for marginal, column in zip(marginals, values, strict=True)]
    answer = []
    for place, (marginal, codes) in enumerate(zip(marginals, values, strict=True)):
        others = [feature for number, own in enumerate(features) if number != place for feature in own]
        if marginal.is_ordered or not others:
            answer.append(marginal)
            continue
        known = ~np.isnan(codes)
        level = codes[known].astype(np.int64)
        mass = np.bincount(level, weights[known], minlength=len(marginal.shares))
        means = np.stack([np.bincount(level, weights[known] * x[known], minlength=len(mass)) for x in others]) / mass
        means -= np.average(means, axis=1, weights=mass)[:, None]
        _, _, directions = np.linalg.svd(means * np.sqrt(mass), full_matrices=False)
        order = np.argsort(directions[0] / np.sqrt(mass), kind="stable")
        answer.append(_reordered(marginal, order))
    return tuple(answer)


def _reordered(marginal: Marginal, order: NDArray[np.int64]) -> Marginal:
    names = tuple(marginal.levels[place] for place in order) if marginal.levels else marginal.levels
    return replace(marginal, shares=marginal.shares[order], levels=names)


def _features(marginal: Marginal, values: Floats, weights: Floats) -> list[Floats]:
    """What a column tells of a record, as columns of mean 0 and variance 1; missing values count as the mean."""
    missing = np.isnan(values)
    raw = [missing.astype(np.float64)]
    if marginal.is_ordered:
        low, high = marginal.ranks(values)
        raw.append(np.where(missing, 0.0, normal_quantile((low + high) / 2.0)))
    else:
        raw += [(values == code).astype(np.float64) for code in np.argsort(-marginal.shares)[:MOST_INDICATORS]]
    centred = [x - np.average(x, weights=weights) for x in raw]
    spread = [np.sqrt(np.average(x**2, weights=weights)) for x in centred]
    return [x / sd for x, sd in zip(centred, spread, strict=True) if sd > 1e-6]
