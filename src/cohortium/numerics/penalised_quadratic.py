"""The lowest point of a quadratic with absolute and squared penalties: the elastic net, from sums alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cohortium.errors import NotConverged

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]

_MOST_SWEEPS = 100_000


def lowest_point(curvature: Reals, slope: Reals, at: Reals, lasso: Reals, ridge: Reals) -> Reals:
    """The b (p,) that minimises (b - at)'H(b - at) / 2 - slope'(b - at) + lasso'|b| + ridge'b^2 / 2.

    curvature H, slope : (p, p) positive definite, (p,), of a log likelihood at ``at`` (p,).
    lasso, ridge       : penalties (p,), 0 for coefficients that are not penalised.
    Raises : NotConverged.
    Source : Friedman, Hastie & Tibshirani 2010, J. Stat. Softw. 33(1), covariance updates.
    """
    H = curvature + np.diag(ridge)
    pull = slope + curvature @ at
    if not lasso.any():
        return np.asarray(np.linalg.solve(H, pull), dtype=np.float64)
    b, gradient = at.copy(), pull - H @ at
    size = np.sqrt(np.diag(H))
    for _ in range(_MOST_SWEEPS):
        farthest = 0.0
        for j in range(len(b)):
            wanted = gradient[j] + H[j, j] * b[j]
            fresh = np.sign(wanted) * max(abs(wanted) - lasso[j], 0.0) / H[j, j]
            step = fresh - b[j]
            if step != 0.0:
                gradient -= H[:, j] * step
                b[j] = fresh
                farthest = max(farthest, abs(step) * size[j])
        if farthest <= 1e-11 * (1.0 + float(np.abs(b * size).max())):
            return _polished(H, pull, b, lasso)
    raise NotConverged("The penalised coefficients did not settle: covariates depend on each other. Use fewer of them.")


def _polished(H: Reals, pull: Reals, b: Reals, lasso: Reals) -> Reals:
    """The exact solution for the signs that were found, where it has them too."""
    used = (b != 0.0) | (lasso == 0.0)
    exact = np.zeros_like(b)
    exact[used] = np.linalg.solve(H[np.ix_(used, used)], pull[used] - lasso[used] * np.sign(b[used]))
    return exact if (np.sign(exact) == np.sign(b))[lasso > 0].all() else b
