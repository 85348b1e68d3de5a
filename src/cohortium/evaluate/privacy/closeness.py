"""Equally many training, held-out and synthetic rows as points, for the metrics of closeness."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.privacy.line_up import most_persons, one_row_each
from cohortium.numerics.intervals import LEVEL, Interval, wilson
from cohortium.numerics.neighbours import coordinates, nearest

if TYPE_CHECKING:
    from numpy.typing import NDArray

TIE = 1e-6


@dataclass(frozen=True, slots=True)
class Closeness:
    """One row of each of equally many persons, and at most as many synthetic rows, as points.

    real, holdout, synthetic : float32 (n, w), (n, w), (m, w).
    column                   : (w,) the table's column that each coordinate belongs to.
    rows                     : the rows' numbers in the three tables.
    to_synthetic             : distance of each real, and of each held-out row, to the nearest synthetic one.
    """

    real: NDArray[np.float32]
    holdout: NDArray[np.float32]
    synthetic: NDArray[np.float32]
    column: NDArray[np.int64]
    rows: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]
    to_synthetic: tuple[NDArray[np.float64], NDArray[np.float64]]


def closeness(pair: Comparison, rng: np.random.Generator) -> Closeness:
    """Draw the rows and place them.

    Raises : NotApplicable without held-out persons; TooFewRecords below 20 persons on either side.
    """
    inside, outside = one_row_each(pair, most_persons(pair), rng)
    synthetic = rng.permutation(len(pair.synthetic))[: len(inside)]
    tables = pair.real_matrix[inside], pair.holdout_matrix[outside], pair.synthetic_matrix[synthetic]
    space = coordinates(tables, pair.encoded.nominal, np.vstack(tables[:2]))
    real, held, made = space.values
    near = to_nearest(real, made), to_nearest(held, made)
    return Closeness(real, held, made, space.column, (inside, outside, synthetic), near)


def is_nearer(to_first: NDArray[np.float64], to_second: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 where a distance is shorter to the first than to the second, 0 where it is longer, a half where they tie."""
    gap = to_first - to_second
    return np.where(np.abs(gap) <= TIE, 0.5, (gap < 0).astype(np.float64))


def share_of(yes: NDArray[np.float64], persons: NDArray[np.int64], level: float = LEVEL) -> Interval:
    """Share of synthetic rows, with an interval that counts the rows beside one real person as one observation.

    yes, persons : (n,) 0 to 1; the person that each row lies beside. Some persons have very many rows beside them.
    """
    n, share = len(yes), float(yes.mean())
    spread = float((np.bincount(persons, yes - share) ** 2).sum()) / n**2
    independent = share * (1 - share) / spread if spread > 0 else len(np.unique(persons))
    return wilson(share * min(independent, n), min(independent, n), level)


def to_nearest(queries: NDArray[np.float32], references: NDArray[np.float32]) -> NDArray[np.float64]:
    """Distance (n,) of each query to its nearest reference."""
    return nearest(queries, references)[0][:, 0]
