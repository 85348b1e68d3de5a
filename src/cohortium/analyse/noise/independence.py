"""Independence of two nominal columns from counts that carry noise of known size.

Pearson's chi-square takes noise for association and rejects far too often (Gaboardi, Lim, Rogers & Vadhan 2016,
Differentially Private Chi-Squared Hypothesis Testing, arXiv 1602.03090); raising negative counts to 0 adds a bias of
its own. Weighing each cell by chance and noise together gives a statistic that is chi-square distributed again.
Source : Kifer & Rogers 2017, A New Class of Private Chi-Square Tests, arXiv 1610.07662: minimum chi-square.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.analyse.answers import reach
from cohortium.numerics.distributions import chi2_sf

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_ROUNDS = 200
MOST_STEPS = 100


def noisy_independence(cells: NDArray[np.int64], deviation: float, level: float = 0.95) -> dict[str, Any]:
    """Chi-square, its degrees of freedom and p; all None, with a note, where the noise outweighs the counts.

    cells     : (rows, columns) noisy counts.
    deviation : standard deviation of the noise in each, above 0.
    Cramer's V is None: no estimate of it under noise is established.
    """
    empty: dict[str, Any] = dict.fromkeys(("chi_square", "df", "p", "cramers_v"))
    if min(cells.shape) < 2:
        return empty | {"notes": ["Only one level of a column is known; independence cannot be tested."]}
    if cells.sum() <= reach(level) * deviation * math.sqrt(cells.size):
        return empty | {"notes": ["The noise outweighs the counts; independence cannot be tested."]}
    values = cells.astype(np.float64)
    expected = closest_product(values, deviation**2)
    variance = np.maximum(expected, 0) + deviation**2
    statistic, df = float(((values - expected) ** 2 / variance).sum()), (cells.shape[0] - 1) * (cells.shape[1] - 1)
    notes = ["The test allows for the noise, and Cramer's V is not given under noise."]
    if (variance < 5).any():
        notes.append("Some expected counts are below 5; the p value of chi-square is approximate.")
    return empty | {"chi_square": statistic, "df": df, "p": float(chi2_sf(statistic, df)), "notes": notes}


def closest_product(cells: NDArray[np.float64], variance: float) -> NDArray[np.float64]:
    """Expected counts (rows, columns) under independence: the product of a row and a column effect that fits best.

    variance : of the noise in each count; that of chance is the expected count itself. Effects may come out below 0,
               where all of a level's counts are noise: bounding them would cost the statistic its distribution.
    """
    expected: NDArray[np.float64] = cells.sum(1)[:, None] * cells.sum(0)[None, :] / cells.sum()
    for _ in range(MOST_ROUNDS):
        weights = 1 / (np.maximum(expected, 0) + variance)
        before, expected = expected, _weighted_product(cells, weights, cells.sum(0) / cells.sum())
        if np.abs(expected - before).max() <= 1e-9 * np.abs(expected).max():
            break
    return expected


def _weighted_product(
    cells: NDArray[np.float64], weights: NDArray[np.float64], across: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The matrix of rank one with the least weighted squared distance to ``cells``, by alternating least squares."""
    product = np.zeros_like(cells)
    for _ in range(MOST_STEPS):
        down = (weights * cells) @ across / (weights @ across**2)
        across = (weights * cells).T @ down / (weights.T @ down**2)
        before, product = product, np.outer(down, across)
        if np.abs(product - before).max() <= 1e-10 * np.abs(product).max():
            break
    return product
