"""Scores in whole units, so that sums over rows are exact and do not depend on which site adds first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cohortium.numerics.score_sums import MOST_SCORES, ScoreSums

if TYPE_CHECKING:
    from numpy.typing import NDArray

BLOCK_ROWS = 8_192
FINEST = 1 << 18
EXACT = 2.0**51
"""Sums of products below this are exact in double precision."""


@dataclass(frozen=True, slots=True)
class WholeScores:
    """``table`` (width, t) of whole numbers; ``unit`` (t,) is what one of them is worth."""

    table: NDArray[np.int64]
    unit: NDArray[np.float64]

    @classmethod
    def of(cls, scores: NDArray[np.float64], rows: int) -> WholeScores:
        """The scores (width, t) in units so fine that sums of their products over so many rows stay exact."""
        finest = max(1, min(FINEST, math.isqrt(int(EXACT) // max(rows, 1))))
        unit = np.maximum(np.abs(scores).max(axis=0, initial=0.0), 1e-300) / finest
        return cls(np.rint(scores / unit).astype(np.int64), unit)

    @property
    def number(self) -> int:
        """How many scores there are."""
        return int(self.table.shape[1])


def most_scores(columns: int) -> int:
    """Scores of each of so many columns that enter sums of products."""
    return max(1, MOST_SCORES // max(columns, 1))


def product_sums(
    codes: NDArray[np.uint8], scores: Sequence[WholeScores]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Sums of the scores (t,) and of their products (t, t) over the rows of ``codes`` (n, p)."""
    tables = [own.table[:, : most_scores(len(scores))].astype(np.float64) for own in scores]
    size = sum(table.shape[1] for table in tables)
    products, totals = np.zeros((size, size)), np.zeros(size)
    for start in range(0, len(codes), BLOCK_ROWS):
        block = codes[start : start + BLOCK_ROWS]
        values = np.concatenate([table[block[:, place]] for place, table in enumerate(tables)], axis=1)
        products += values.T @ values
        totals += values.sum(axis=0)
    return totals.astype(np.int64), products.astype(np.int64)


def covariances(
    totals: NDArray[np.int64], products: NDArray[np.int64], rows: int, scores: Sequence[WholeScores]
) -> ScoreSums:
    """The covariances of scores from ``product_sums`` over all sites."""
    units = [own.unit[: most_scores(len(scores))] for own in scores]
    unit = np.concatenate([np.zeros(0), *units])
    offset = np.cumsum([0] + [len(own) for own in units])
    mean = totals * unit / max(rows, 1)
    return ScoreSums(rows, products * np.outer(unit, unit) / max(rows, 1) - np.outer(mean, mean), offset)


def of_columns(sums: ScoreSums, places: Sequence[int]) -> ScoreSums:
    """The covariances of the columns ``places`` alone, in that order."""
    own = [np.arange(sums.offset[place], sums.offset[place + 1]) for place in places]
    used = np.concatenate([np.zeros(0, np.int64), *own]).astype(np.int64)
    offset = np.cumsum([0] + [len(part) for part in own])
    return ScoreSums(sums.rows, sums.covariance[np.ix_(used, used)], offset)
