"""The chi-square test that scores are all zero in expectation, some of which may follow from the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cohortium.numerics.distributions import chi2_sf

if TYPE_CHECKING:
    from numpy.typing import NDArray

SINGULAR = 1e-9
"""Share of the whole variance below which a direction counts as following from the others."""


def score_chi_square(
    scores: NDArray[np.float64], covariance: NDArray[np.float64]
) -> tuple[float | None, int, float | None]:
    """Statistic, degrees of freedom and p of scores (G,) with this covariance (G, G).

    The degrees of freedom are the rank of the covariance; where they are 0 there is neither statistic nor p.
    """
    size = max(float(np.trace(covariance)), 1e-300)
    freedom = int(np.linalg.matrix_rank(covariance, tol=SINGULAR * size, hermitian=True))
    if freedom == 0:
        return None, 0, None
    statistic = float(scores @ np.linalg.pinv(covariance, rcond=SINGULAR, hermitian=True) @ scores)
    return statistic, freedom, float(chi2_sf(statistic, freedom))
