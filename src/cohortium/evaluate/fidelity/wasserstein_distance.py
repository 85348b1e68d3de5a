"""How far numbers would have to move."""

from __future__ import annotations

import math

import numpy as np

from cohortium.errors import NotApplicable
from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.shares import by_column
from cohortium.numerics.divergences import wasserstein
from cohortium.records import Question, Score
from cohortium.registry import metric


@metric(
    "wasserstein_distance",
    asks=Question.MARGINALS,
    title="Distance that numbers would have to move, in standard deviations",
    better="lower",
    range=(0.0, math.inf),
    source="Wasserstein-1; scaled by the real column's standard deviation",
)
def wasserstein_distance(pair: Comparison, *, rng: np.random.Generator) -> Score:
    """Mean over numeric columns of the area between the two distribution functions, in real standard deviations.

    Columns that do not vary in real persons are left out.
    Raises : NotApplicable without a numeric column that varies.
    """
    columns: dict[str, float] = {}
    for place in np.flatnonzero(~pair.encoded.nominal):
        real, synthetic = (matrix[:, place] for matrix in (pair.real_matrix, pair.synthetic_matrix))
        real, synthetic = real[np.isfinite(real)], synthetic[np.isfinite(synthetic)]
        if len(real) and len(synthetic) and real.std() > 0:
            columns[pair.encoded.names[place]] = wasserstein(real, synthetic) / float(real.std())
    if not columns:
        raise NotApplicable("There is no numeric column that varies.")
    detail = by_column(columns, worst="highest")
    return Score(float(np.mean(list(columns.values()))), n=len(pair.synthetic), detail=detail)
