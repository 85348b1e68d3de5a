"""Linear and logistic regression with the covariance of their coefficients."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cohortium.errors import NotConverged, TooFewRecords

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_STEPS = 50
_SETTLED = 1e-10
NORMAL_95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Fit:
    """A fitted regression.

    coefficients, covariance : (p,), (p, p).
    log_likelihood           : of the data, without the ridge's prior.
    """

    coefficients: NDArray[np.float64]
    covariance: NDArray[np.float64]
    log_likelihood: float

    @property
    def errors(self) -> NDArray[np.float64]:
        """Standard errors (p,)."""
        return np.sqrt(np.maximum(np.diag(self.covariance), 0.0))

    @property
    def intervals(self) -> NDArray[np.float64]:
        """95 % confidence limits (p, 2)."""
        wide = NORMAL_95 * self.errors
        return np.column_stack([self.coefficients - wide, self.coefficients + wide])

    @property
    def p_values(self) -> NDArray[np.float64]:
        """Two-sided p (p,) by the normal approximation; 1 where a coefficient has no spread."""
        errors = self.errors
        z = np.divide(self.coefficients, errors, out=np.zeros_like(errors), where=errors > 0)
        return np.array([math.erfc(abs(one) / math.sqrt(2.0)) for one in z])


def linear(X: NDArray[np.float64], y: NDArray[np.float64], *, ridge: float = 0.0) -> Fit:
    """Least squares of y (n,) on X (n, p); the caller adds the column of ones.

    ridge  : added to the diagonal of X'X, except for columns that are all ones.
    Raises : TooFewRecords unless there are more rows than columns.
    """
    n, p = X.shape
    if n <= p:
        raise TooFewRecords(f"A linear regression of {p} coefficients needs more than {p} rows; there are {n}.")
    inverse = np.linalg.pinv(X.T @ X + np.diag(_penalties(X, ridge)), hermitian=True)
    coefficients = inverse @ (X.T @ y)
    residuals = y - X @ coefficients
    variance = float(residuals @ residuals) / (n - p)
    likelihood = -0.5 * n * (math.log(2 * math.pi * max(variance * (n - p) / n, 1e-300)) + 1.0)
    return Fit(coefficients, variance * inverse, likelihood)


def logistic(X: NDArray[np.float64], y: NDArray[np.float64], *, ridge: float = 0.0) -> Fit:
    """Log odds of y (n,), 0 or 1, on X (n, p); the caller adds the column of ones.

    ridge  : precision of a normal prior around 0, except for columns that are all ones; keeps the coefficients
             finite where a covariate separates the outcomes.
    Raises : TooFewRecords unless both outcomes occur; NotConverged.
    """
    if y.min(initial=1.0) == y.max(initial=0.0) or not len(y):
        raise TooFewRecords("A logistic regression needs records with and without the outcome.")
    penalties = _penalties(X, ridge)
    coefficients = np.zeros(X.shape[1])
    value = _log_likelihood(X, y, coefficients)
    for _ in range(_MOST_STEPS):
        chance: NDArray[np.float64] = 0.5 * (1.0 + np.tanh(0.5 * (X @ coefficients)))
        slope = X.T @ (y - chance) - penalties * coefficients
        precision = (X * (chance * (1 - chance))[:, None]).T @ X + np.diag(penalties)
        step = np.linalg.lstsq(precision, slope, rcond=None)[0]
        if float(slope @ step) < _SETTLED * max(1.0, abs(value)):
            return Fit(coefficients, np.asarray(np.linalg.pinv(precision, hermitian=True), np.float64), value)
        now = value - 0.5 * penalties @ coefficients**2
        for _ in range(30):
            trial = coefficients + step
            fresh = _log_likelihood(X, y, trial)
            if fresh - 0.5 * penalties @ trial**2 >= now - 1e-12:
                break
            step = step / 2
        else:
            break
        coefficients, value = trial, fresh
    raise NotConverged(
        f"Logistic regression on {len(y)} records and {X.shape[1]} columns did not settle: a column may separate the "
        "outcomes. Use fewer columns, or a ridge."
    )


def _penalties(X: NDArray[np.float64], ridge: float) -> NDArray[np.float64]:
    return np.where((X == 1.0).all(axis=0), 0.0, ridge)


def _log_likelihood(X: NDArray[np.float64], y: NDArray[np.float64], coefficients: NDArray[np.float64]) -> float:
    scores = X @ coefficients
    return float(y @ scores - np.logaddexp(0.0, scores).sum())


def interval_overlap(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """How much of each other the intervals a and b (p, 2) cover, averaged over both; 0 where they do not meet.

    Source : Karr et al. 2006, The American Statistician 60(3).
    """
    shared = np.maximum(0.0, np.minimum(a[:, 1], b[:, 1]) - np.maximum(a[:, 0], b[:, 0]))
    widths_a, widths_b = a[:, 1] - a[:, 0], b[:, 1] - b[:, 0]
    same = (widths_a <= 0) & (widths_b <= 0) & (a[:, 0] == b[:, 0])
    covered = np.zeros(len(a))
    for widths in (widths_a, widths_b):
        covered += 0.5 * np.divide(shared, widths, out=np.zeros(len(a)), where=widths > 0)
    return np.where(same, 1.0, covered)
