"""How often values are missing."""

from __future__ import annotations

import numpy as np

from cohortium.errors import NotApplicable
from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.shares import by_column
from cohortium.records import Question, Score
from cohortium.registry import metric


@metric(
    "missing_rate_error",
    asks=Question.MARGINALS,
    title="Difference in the share of missing values",
    better="lower",
    range=(0.0, 1.0),
    source="SDMetrics, MissingValueSimilarity",
)
def missing_rate_error(pair: Comparison, *, rng: np.random.Generator) -> Score:
    """Mean over columns of the difference between the real and the synthetic share of missing values.

    Raises : NotApplicable where the tables share no column.
    """
    if not pair.encoded.names:
        raise NotApplicable("The tables share no column that a model may use.")
    rates = [np.isnan(matrix).mean(axis=0) for matrix in (pair.real_matrix, pair.synthetic_matrix)]
    apart = np.abs(rates[0] - rates[1])
    columns = dict(zip(pair.encoded.names, apart.tolist(), strict=True))
    return Score(float(apart.mean()), n=len(pair.synthetic), detail=by_column(columns, worst="highest"))
