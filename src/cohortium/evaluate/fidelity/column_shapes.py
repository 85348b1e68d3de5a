"""Each column's distribution on its own."""

from __future__ import annotations

import numpy as np

from cohortium.errors import NotApplicable
from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.shares import by_column
from cohortium.numerics.divergences import code_distance, kolmogorov_smirnov
from cohortium.records import Question, Score
from cohortium.registry import metric


@metric(
    "column_shapes",
    asks=Question.MARGINALS,
    title="Distribution of each column",
    better="higher",
    range=(0.0, 1.0),
    source="SDMetrics, KSComplement and TVComplement",
)
def column_shapes(pair: Comparison, *, rng: np.random.Generator) -> Score:
    """Mean over columns of 1 minus the largest gap between distribution functions (numbers) or half the summed gap
    between shares (levels), of the known values.

    Independent columns reach 1 as well: this is never a reason to release a table.
    Raises : NotApplicable where no column has a known value.
    """
    columns: dict[str, float] = {}
    for place, name in enumerate(pair.encoded.names):
        real, synthetic = (matrix[:, place] for matrix in (pair.real_matrix, pair.synthetic_matrix))
        real, synthetic = real[~np.isnan(real)], synthetic[~np.isnan(synthetic)]
        if not len(real) and not len(synthetic):
            continue
        if not len(real) or not len(synthetic):
            columns[name] = 0.0
        elif pair.encoded.nominal[place]:
            levels = len(pair.encoded.levels[place])
            columns[name] = 1.0 - code_distance(real.astype(np.int64), synthetic.astype(np.int64), levels)
        else:
            columns[name] = 1.0 - kolmogorov_smirnov(real, synthetic)
    if not columns:
        raise NotApplicable("No column has a known value.")
    return Score(float(np.mean(list(columns.values()))), n=len(pair.synthetic), detail=by_column(columns))
