"""A boosted-tree classifier that tries to tell synthetic rows from real ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cohortium.errors import TooFewRecords
from cohortium.evaluate.comparison import Comparison
from cohortium.numerics.boosting import fit
from cohortium.numerics.ranks import auc

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEWEST_ROWS = 50
MOST_ROWS, MOST_COLUMNS, MOST_CELLS = 12_000, 1_000, 600_000
FOLDS = 5


@dataclass(frozen=True, slots=True)
class Detection:
    """What the classifier said of each row while it had not seen it.

    against, real, synthetic : "real" or "holdout": whose rows the synthetic ones were told from; which rows were used.
    scores : (2 n,) of the real rows, then of the synthetic ones.
    gain   : (p,) share of what each column gave away.
    """

    against: str
    real: NDArray[np.int64]
    synthetic: NDArray[np.int64]
    scores: NDArray[np.float64]
    gain: NDArray[np.float64]

    def area(self, real: NDArray[np.bool_], synthetic: NDArray[np.bool_]) -> float:
        """AUC among the used rows for which these (n,) are true; never below 0.5."""
        n = len(self.real)
        kept = np.concatenate([real, synthetic])
        return max(0.5, auc((np.arange(2 * n) >= n)[kept], self.scores[kept]))


def detection(pair: Comparison, rng: np.random.Generator) -> Detection:
    """Boosted trees over five shuffled folds, each scored by the trees of the other four.

    Against the held-out persons where there are any. As many rows of either kind, at most 12,000, or 3,000 of 200
    columns; 1,000 columns, drawn at random; all rows of one person stay in one fold.
    Raises : TooFewRecords below 50 rows of either kind.
    """
    held = pair.holdout is not None
    table = pair.real if pair.holdout is None else pair.holdout
    real = pair.holdout_matrix if held else pair.real_matrix
    synthetic = pair.synthetic_matrix
    n = min(len(real), len(synthetic), MOST_ROWS, max(2_000, MOST_CELLS // max(real.shape[1], 1)))
    if n < FEWEST_ROWS:
        raise TooFewRecords(
            f"Telling synthetic from real rows needs {FEWEST_ROWS} of each; there are {len(real)} real and "
            f"{len(synthetic)} synthetic ones."
        )
    of_real, of_synthetic = rng.permutation(len(real))[:n], rng.permutation(len(synthetic))[:n]
    columns = np.arange(real.shape[1])
    if len(columns) > MOST_COLUMNS:
        columns = np.sort(rng.choice(columns, MOST_COLUMNS, replace=False))
    X = np.vstack([real[np.ix_(of_real, columns)], synthetic[np.ix_(of_synthetic, columns)]])
    y, nominal = np.repeat([0.0, 1.0], n), pair.encoded.nominal[columns]
    fold = np.concatenate([_folds(table.persons()[of_real], rng), _folds(pair.synthetic.persons()[of_synthetic], rng)])
    scores, gain = np.empty(2 * n), np.zeros(real.shape[1])
    for one in range(FOLDS):
        train, test = fold != one, fold == one
        if test.any():
            booster = fit(X[train], y[train], nominal=nominal, task="binary", rng=rng)
            scores[test] = booster.predict(X[test])
            gain[columns] += booster.gain
    return Detection("holdout" if held else "real", of_real, of_synthetic, scores, gain / max(gain.sum(), 1e-300))


def _folds(persons: NDArray[np.int32], rng: np.random.Generator) -> NDArray[np.int64]:
    """A fold for each row, at random, the same for all rows of a person."""
    _, place = np.unique(persons, return_inverse=True)
    of_person = np.arange(int(place.max(initial=-1)) + 1) % FOLDS
    return rng.permutation(of_person)[place]
