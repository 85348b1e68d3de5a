"""Standardised covariates: centre and scale from summed moments, and the way back for coefficients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]

ALIASED = 1e-10
"""Share of a column's variance that must be left once the columns before it are known; below it counts as aliased."""


@dataclass(frozen=True, slots=True)
class Standardised:
    """Columns ``kept`` (q,) of X (n, p), less ``centre`` and divided by ``scale`` (q,), after a column of ones."""

    kept: NDArray[np.int64]
    centre: Reals
    scale: Reals

    @classmethod
    def from_moments(cls, centre: Reals, covariance: Reals) -> Standardised:
        """Of all columns that are not constant or a combination of those before them.

        centre, covariance : (p,), (p, p), the latter with divisor n.
        """
        kept = independent_columns(covariance, centre)
        return cls(kept, centre[kept], np.sqrt(np.diag(covariance)[kept]))

    def matrix(self, X: Reals) -> Reals:
        """The columns (n, 1 + q) from X (n, p)."""
        return np.concatenate([np.ones((len(X), 1)), (X[:, self.kept] - self.centre) / self.scale], axis=1)

    def back(self) -> Reals:
        """The matrix (1 + q, 1 + q) that turns coefficients of ``matrix(X)`` into those of X itself."""
        found = np.diag(np.concatenate([[1.0], 1.0 / self.scale]))
        found[0, 1:] = -self.centre / self.scale
        return found


def independent_columns(covariance: Reals, centre: Reals) -> NDArray[np.int64]:
    """Places (q,) of columns that vary and are no linear combination of those kept before them.

    Like R's lm, later columns give way to earlier ones.
    """
    variance = np.diag(covariance)
    varies = variance > (1e-12 * np.abs(centre)) ** 2
    scale = np.where(varies, np.sqrt(np.where(varies, variance, 1.0)), 1.0)
    left = covariance / np.outer(scale, scale)
    kept = []
    for place in range(len(variance)):
        if not varies[place] or left[place, place] < ALIASED:
            continue
        kept.append(place)
        left = left - np.outer(left[:, place], left[place]) / left[place, place]
    return np.array(kept, dtype=np.int64)
