"""Cox's proportional hazards regression, with Efron's treatment of ties."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from cohortium.errors import NotConverged, TooFewRecords
from cohortium.numerics.regression import Fit

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_STEPS = 50
_SETTLED = 1e-8


def cox(
    X: NDArray[np.float64], durations: NDArray[np.float64], events: NDArray[np.bool_], *, ridge: float = 0.0
) -> Fit:
    """Log hazard ratios of the columns of X (n, p), without an intercept.

    ridge  : precision of a normal prior around 0 on every coefficient; keeps separated covariates finite.
    Raises : TooFewRecords without an event; NotConverged.
    Source : Cox 1972; Efron 1977 for ties.
    """
    if not events.any():
        raise TooFewRecords("Cox regression needs at least one event; none was seen.")
    order = np.lexsort((~events, durations))[::-1]
    X = np.ascontiguousarray(X[order] - X.mean(axis=0))
    durations, events = durations[order], events[order]
    p = X.shape[1]
    coefficients = np.zeros(p)
    penalty = ridge * np.eye(p)
    value, slope, curvature = _partial_likelihood(X, durations, events, X @ coefficients)
    for _ in range(_MOST_STEPS):
        precision = curvature + penalty
        step = np.linalg.lstsq(precision, slope - ridge * coefficients, rcond=None)[0]
        gain = float((slope - ridge * coefficients) @ step)
        if gain < _SETTLED:
            return Fit(coefficients, np.linalg.pinv(precision, hermitian=True), value)
        for _ in range(30):
            trial = coefficients + step
            fresh = _partial_likelihood(X, durations, events, X @ trial)
            if fresh[0] - ridge / 2 * trial @ trial >= value - ridge / 2 * coefficients @ coefficients - 1e-12:
                break
            step = step / 2
        else:
            break
        coefficients, (value, slope, curvature) = trial, fresh
    raise NotConverged(
        f"Cox regression on {len(events)} persons with {int(events.sum())} events and {p} covariates did not settle; "
        "use fewer covariates, or a ridge."
    )


@njit(cache=True, nogil=True)
def _partial_likelihood(
    X: NDArray[np.float64], durations: NDArray[np.float64], events: NDArray[np.bool_], linear: NDArray[np.float64]
) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
    """Log partial likelihood, its slope and minus its curvature; rows from the longest duration to the shortest.

    linear : (n,) linear predictor. The likelihood is -inf where it lies beyond what numbers hold.
    """
    n, p = X.shape
    # One constant factor on all hazards changes nothing, and keeps the exponentials finite.
    linear = linear - linear.max()
    s0, s1, s2 = 0.0, np.zeros(p), np.zeros((p, p))
    value, slope, curvature = 0.0, np.zeros(p), np.zeros((p, p))
    start = 0
    while start < n:
        stop = start
        t0, t1, t2, deaths = 0.0, np.zeros(p), np.zeros((p, p)), 0
        while stop < n and durations[stop] == durations[start]:
            weight = np.exp(linear[stop])
            s0 += weight
            for i in range(p):
                part = weight * X[stop, i]
                s1[i] += part
                for j in range(i + 1):
                    s2[i, j] += part * X[stop, j]
            if events[stop]:
                deaths += 1
                value += linear[stop]
                t0 += weight
                for i in range(p):
                    part = weight * X[stop, i]
                    slope[i] += X[stop, i]
                    t1[i] += part
                    for j in range(i + 1):
                        t2[i, j] += part * X[stop, j]
            stop += 1
        for tie in range(deaths):
            share = tie / deaths
            total = s0 - share * t0
            if total <= 0:  # a step so long that the hazards of all at risk vanish beside the largest
                return -np.inf, slope, curvature
            value -= np.log(total)
            mean = (s1 - share * t1) / total
            for i in range(p):
                slope[i] -= mean[i]
                for j in range(i + 1):
                    curvature[i, j] += (s2[i, j] - share * t2[i, j]) / total - mean[i] * mean[j]
        start = stop
    for i in range(p):
        for j in range(i):
            curvature[j, i] = curvature[i, j]
    return value, slope, curvature
