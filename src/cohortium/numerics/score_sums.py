"""Which columns belong together and how, from sums over rows alone.

Every column is described by the scores of its bin (:mod:`~cohortium.numerics.target_scores`). The sums of all products
of two scores say how strongly two columns are associated, and give the least-squares blend of earlier columns that
foretells a later one. Sums of products are additive over rows, hence over hospitals.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

BLOCK_ROWS = 8192
MOST_SCORES = 4096
"""All columns together; the table of products of more would not fit into a hospital's memory."""
VARIES = 1e-9
WORTH_A_BLEND = 0.1
"""A further blend must foretell at least this share of what the first one does."""


class ScoreSums(NamedTuple):
    """Covariances of the scores of all columns.

    rows       : how many rows were summed; covariance : (t, t); offset : (p + 1,) where each column's scores begin.
    """

    rows: int
    covariance: NDArray[np.float64]
    offset: NDArray[np.int64]


def score_sums(codes: NDArray[np.uint8], scores: Sequence[NDArray[np.float64]]) -> ScoreSums:
    """Covariances of the scores (width, t) of every column of ``codes`` (n, p)."""
    most = max(1, MOST_SCORES // max(len(scores), 1))
    tables = [table[:, :most].astype(np.float32) for table in scores]
    offset = np.cumsum([0] + [table.shape[1] for table in tables])
    products, total = np.zeros((offset[-1], offset[-1])), np.zeros(offset[-1])
    for start in range(0, len(codes), BLOCK_ROWS):
        block = codes[start : start + BLOCK_ROWS]
        values = np.concatenate([table[block[:, place]] for place, table in enumerate(tables)], axis=1)
        products += values.T @ values
        total += values.sum(axis=0)
    rows = max(len(codes), 1)
    return ScoreSums(len(codes), products / rows - np.outer(total, total) / rows**2, offset)


def associations(sums: ScoreSums) -> NDArray[np.float64]:
    """Association (p, p) of every pair of columns: squared correlations of their scores beyond what chance makes."""
    width = np.diff(sums.offset)
    by_chance = np.outer(width, width) / max(sums.rows, 1)
    found = np.stack([_squared(sums, column) for column in range(len(width))]) if len(width) else by_chance
    found = np.maximum(found - by_chance, 0.0)
    np.fill_diagonal(found, 0.0)
    return np.asarray(found)


def certainty(sums: ScoreSums, target: int) -> NDArray[np.float64]:
    """By how many standard deviations the association of ``target`` with each column (p,) exceeds chance."""
    width = np.diff(sums.offset)
    freedom = np.maximum(width * width[target], 1)  # rows times the squared correlations is a chi-square of these
    return np.asarray((sums.rows * _squared(sums, target) - freedom) / np.sqrt(2.0 * freedom))


def _squared(sums: ScoreSums, target: int) -> NDArray[np.float64]:
    """Sum of squared correlations between the scores of ``target`` and those of each column (p,)."""
    spread = np.maximum(np.diag(sums.covariance), VARIES)
    own = slice(sums.offset[target], sums.offset[target + 1])
    each = (sums.covariance[own] ** 2 / spread / spread[own, None]).sum(axis=0)
    return np.add.reduceat(np.append(each, 0.0), sums.offset[:-1]) * (np.diff(sums.offset) > 0)


def blend_weights(
    sums: ScoreSums, predictors: Sequence[int], target: int, ridge: float, most: int
) -> list[NDArray[np.float64]]:
    """Weights (scores of the predictor, d) with which each predictor enters the best blends for ``target``.

    The target's scores are regressed on all scores of the predictors; the leading principal directions of what the
    regression foretells are the blends (reduced-rank regression, Izenman 1975), at most ``most`` of them.
    ridge : pseudo-count per score, so that many columns of few persons are not fitted to their noise.
    """
    own = np.arange(sums.offset[target], sums.offset[target + 1])
    places = [np.arange(sums.offset[column], sums.offset[column + 1]) for column in predictors]
    used = np.concatenate(places) if places else np.zeros(0, np.int64)
    spread = np.sqrt(np.maximum(np.diag(sums.covariance), VARIES))
    varies = np.diag(sums.covariance)[used] > VARIES
    inside = (sums.covariance / spread / spread[:, None])[np.ix_(used, used)]
    inside[~varies] = inside[:, ~varies] = 0.0
    across = sums.covariance[np.ix_(used, own)] / spread[used][:, None] * varies[:, None]
    loading = ridge * len(used) / max(sums.rows, 1) + 1e-6
    slopes = np.linalg.solve(inside + loading * np.eye(len(used)), across)
    strength, directions = np.linalg.eigh(slopes.T @ inside @ slopes)
    order = np.argsort(-strength)[:most]
    kept = [d for d in order if strength[d] > max(WORTH_A_BLEND * strength[order[0]], VARIES)]
    weights = slopes @ directions[:, kept] / spread[used][:, None]
    return np.split(weights, np.cumsum([len(place) for place in places])[:-1]) if places else []
