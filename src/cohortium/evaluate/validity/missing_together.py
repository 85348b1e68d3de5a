"""Which values are missing together."""

from __future__ import annotations

import numpy as np

from cohortium.errors import NotApplicable
from cohortium.evaluate.comparison import Comparison
from cohortium.records import Question, Score
from cohortium.registry import metric


@metric(
    "missing_together",
    asks=Question.VALIDITY,
    title="Values that are missing together",
    better="lower",
    range=(0.0, 1.0),
)
def missing_together(pair: Comparison, *, rng: np.random.Generator) -> Score:
    """Mean difference, over pairs of columns, of the share of rows in which both are missing.

    Laboratory panels are missing as a whole; a table that scatters its gaps misses that. Pairs are those of columns
    missing in at least one real row in a hundred.
    Raises : NotApplicable where fewer than two columns have such gaps.
    """
    gaps_real, gaps_synthetic = np.isnan(pair.real_matrix), np.isnan(pair.synthetic_matrix)
    used = np.flatnonzero(gaps_real.mean(axis=0) >= 0.01)
    if len(used) < 2:
        raise NotApplicable("Fewer than two columns have missing values in at least one real row in a hundred.")
    both_real, both_synthetic = (
        (gaps[:, used].T.astype(np.float64) @ gaps[:, used]) / len(gaps) for gaps in (gaps_real, gaps_synthetic)
    )
    upper = np.triu_indices(len(used), 1)
    apart = np.abs(both_real - both_synthetic)[upper]
    worst = np.argsort(-apart)[:10]
    names = [pair.encoded.names[place] for place in used]
    detail = {"pairs": [[names[upper[0][i]], names[upper[1][i]], round(float(apart[i]), 6)] for i in worst]}
    return Score(float(apart.mean()), n=len(pair.synthetic), detail=detail)
