"""Local regression of means at points that stand for many records: loess from sums.

Source : Cleveland, Devlin & Grosse 1988, J. Econometrics 37, 87: quadratics fitted with tricube weights to the nearest
         share of the records. Computed at every point itself, without interpolation between vertices.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]

SINGULAR = 1e-12
"""Directions with less than this share of the largest moment are left out: there are too few different points."""


def smoother(x: Reals, n: Reals, span: float) -> Reals:
    """The matrix (k, k) that turns means at the points x (k,), from n (k,) records each, into fitted values there.

    span : share of the records, the nearest, that each fit uses.
    """
    apart = x[None, :] - x[:, None]
    distance = np.abs(apart)
    reach = _reach(distance, n, span)[:, None]
    share = distance / reach
    weight = np.where(share < 1.0, (1.0 - np.minimum(share, 1.0) ** 3) ** 3, 0.0) * n
    powers = (apart / reach)[:, :, None] ** np.arange(3)
    moments = np.einsum("ijp,ij,ijq->ipq", powers, weight, powers)
    first = np.linalg.pinv(moments, rcond=SINGULAR, hermitian=True)[:, 0]
    found: Reals = np.einsum("ip,ijp->ij", first, powers) * weight
    return found


def _reach(distance: Reals, n: Reals, span: float) -> Reals:
    """From each point, the distance (k,) within which ``span`` of the records lie; that to the next point at least."""
    order = np.argsort(distance, axis=1, kind="stable")
    wanted = max(np.floor(span * n.sum() + 1e-5), 1.0)
    place = np.argmax(np.cumsum(n[order], axis=1) >= wanted, axis=1)
    rows = np.arange(len(n))
    farthest = distance[rows, order[rows, place]]
    nearest = distance[rows, order[:, min(1, len(n) - 1)]]
    found: Reals = np.maximum(np.maximum(farthest, nearest), np.finfo(np.float64).tiny)
    return found
