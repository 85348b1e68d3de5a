"""Sums over risk sets, and residuals that need them, for proportional hazards models.

A row is at risk at the points start, start + 1, ..., end - 1 of a list of event times, which is sorted by stratum and
then by time; ``first`` (strata + 1,) says where each stratum begins. Per point stand 1 + p + p (p + 1) / 2 sums of
weights, of weights times covariates, and of weights times their products (lower triangle, row by row).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]
    Places = NDArray[np.int64]


def width(p: int) -> int:
    """Sums per point for p covariates."""
    return 1 + p + p * (p + 1) // 2


def unpacked(sums: Reals, p: int) -> Reals:
    """The products (..., p, p) out of sums (..., width), both triangles."""
    low, high = np.tril_indices(p)
    matrix = np.zeros((*sums.shape[:-1], p, p))
    matrix[..., low, high] = sums[..., 1 + p :]
    matrix[..., high, low] = sums[..., 1 + p :]
    return matrix


@njit(cache=True, nogil=True)
def risk_set_sums(X: Reals, weight: Reals, start: Places, end: Places, first: Places) -> Reals:
    """Sums (points, width) over the rows at risk at each point.

    Rows are added where they leave and taken off where they enter; sums from behind then give the risk sets.
    """
    n, p = X.shape
    points = first[-1]
    q = 1 + p + p * (p + 1) // 2
    total = np.zeros((points, q))
    is_first = np.zeros(points + 1, dtype=np.bool_)
    for stratum in range(len(first)):
        is_first[first[stratum]] = True
    for row in range(n):
        if end[row] > start[row]:
            _put(total[end[row] - 1], X[row], weight[row])
            if not is_first[start[row]]:
                _put(total[start[row] - 1], X[row], -weight[row])
    for point in range(points - 2, -1, -1):
        if not is_first[point + 1]:
            for column in range(q):
                total[point, column] += total[point + 1, column]
    return total


@njit(cache=True, nogil=True)
def point_sums(X: Reals, weight: Reals, place: Places, places: int) -> Reals:
    """Sums (places, width) over the rows at each place; rows whose place is negative are left out."""
    n, p = X.shape
    total = np.zeros((places, 1 + p + p * (p + 1) // 2))
    for row in range(n):
        if place[row] >= 0:
            _put(total[place[row]], X[row], weight[row])
    return total


@njit(cache=True, nogil=True)
def _put(sums: Reals, x: Reals, weight: float) -> None:
    p = len(x)
    sums[0] += weight
    column = 1 + p
    for i in range(p):
        part = weight * x[i]
        sums[1 + i] += part
        for j in range(i + 1):
            sums[column] += part * x[j]
            column += 1


def score_residuals(
    X: Reals, weight: Reals, start: Places, end: Places, own: Places, hazard: Reals, tie: Reals
) -> Reals:
    """Each row's part (n, p) of the slope of the log partial likelihood, with the risk sets held as estimated.

    own    : (n,) the point of the row's event, -1 where it had none.
    hazard : (points, 1 + p) increments of the hazard, and the same times the risk set's mean.
    tie    : (points, 1 + 2 p) Efron's reduction of both for rows with an event at the point, and the mean there.
    Source : Lin & Wei 1989, JASA 84, 1074; for Efron's ties as in Therneau & Grambsch 2000, Modeling Survival Data,
             section 4.3.
    """
    p = X.shape[1]
    until = np.concatenate([np.zeros((1, 1 + p)), np.cumsum(hazard, axis=0)])
    passed = until[np.maximum(end, start)] - until[start]
    residuals: Reals = -weight[:, None] * (X * passed[:, :1] - passed[:, 1:])
    event = own >= 0
    at, x = tie[own[event]], X[event]
    residuals[event] += x - at[:, 1 + p :] + weight[event, None] * (x * at[:, :1] - at[:, 1 : 1 + p])
    return residuals
