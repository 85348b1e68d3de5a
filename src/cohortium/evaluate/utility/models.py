"""Training a model on one table and judging it on another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from cohortium.errors import TooFewRecords
from cohortium.evaluate.utility.task import Prediction, Records
from cohortium.numerics.boosting import Booster, fit
from cohortium.numerics.ranks import auc_covariance
from cohortium.numerics.regression import NORMAL_95
from cohortium.records import Score

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_ROWS = 50_000
_RESAMPLES = 200


def train(task: Prediction, rows: Records, rng: np.random.Generator) -> Booster:
    """Boosted trees on at most 50,000 of these rows."""
    X, y = rows.X, rows.y
    if not len(y):
        raise TooFewRecords(f"No row has a known '{task.target}' that real persons have too.")
    if len(y) > MOST_ROWS:
        drawn = rng.permutation(len(y))[:MOST_ROWS]
        X, y = X[drawn], y[drawn]
    return fit(X, y, nominal=task.nominal, task=task.kind, rng=rng)


def predicted(task: Prediction, model: Booster, X: NDArray[np.float64]) -> NDArray[np.float64]:
    """The model's answers (n,), or (n, K) with every class of the task, also those that the model never saw."""
    found = model.predict(X)
    if task.kind != "multiclass":
        return found
    full = np.zeros((len(X), len(task.classes)))
    full[:, : found.shape[1]] = found
    return full


def performance(
    task: Prediction, y: NDArray[np.float64], answers: Sequence[NDArray[np.float64]], rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How good k models' answers are, (k,), and the covariance (k, k) of that over fresh records.

    AUC of two classes; the mean over classes of each class's AUC against all others; or explained variance (R²).
    Raises : TooFewRecords where no class has two records with and without it, or the values do not vary.
    """
    if task.kind == "binary":
        return auc_covariance(y == 1.0, np.stack(answers))
    if task.kind == "regression":
        return _explained(y, np.stack(answers), rng)
    found = []
    for place in range(len(task.classes)):
        if 2 <= (y == place).sum() <= len(y) - 2:
            found.append(auc_covariance(y == place, np.stack([answer[:, place] for answer in answers])))
    if not found:
        raise TooFewRecords("No class has two records with it and two without.")
    # Classes share their records, so their errors are taken to go together, which is the widest they can be.
    return np.mean([values for values, _ in found], axis=0), np.mean([covariance for _, covariance in found], axis=0)


def _explained(
    y: NDArray[np.float64], answers: NDArray[np.float64], rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if y.min() == y.max():
        raise TooFewRecords("The target does not vary among the persons on whom the models are judged.")
    errors = (y - answers) ** 2
    weights = rng.multinomial(len(y), np.full(len(y), 1.0 / len(y)), size=_RESAMPLES).astype(np.float64)
    weights[0] = 1.0
    spread = weights @ y**2 - (weights @ y) ** 2 / len(y)
    usable = spread > 1e-12 * max(spread[0], 1e-300)
    explained = 1.0 - (weights @ errors.T)[usable] / spread[usable, None]
    return explained[0], np.atleast_2d(np.cov(explained.T))


def with_interval(value: float, variance: float, n: int, low: float, high: float, **detail: object) -> Score:
    """A score with its normal 95 % interval, kept within ``low`` and ``high``."""
    wide = NORMAL_95 * float(np.sqrt(max(variance, 0.0)))
    value = float(min(max(value, low), high))
    return Score(value, max(value - wide, low), min(value + wide, high), n=n, detail=dict(detail))
