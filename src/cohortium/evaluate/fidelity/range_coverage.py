"""Ranges that the synthetic table still spans."""

from __future__ import annotations

import numpy as np

from cohortium.errors import NotApplicable
from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.shares import by_column
from cohortium.records import Question, Score
from cohortium.registry import metric


@metric(
    "range_coverage",
    asks=Question.MARGINALS,
    title="Ranges that are still spanned",
    better="higher",
    range=(0.0, 1.0),
    source="SDMetrics, RangeCoverage, on the central 98 % of real values",
)
def range_coverage(pair: Comparison, *, rng: np.random.Generator) -> Score:
    """Mean over numeric columns of the share of the span from the 1st to the 99th real percentile that synthetic
    numbers reach.

    The outermost values belong to single persons, and need not be reached.
    Raises : NotApplicable without a numeric column whose percentiles differ.
    """
    columns: dict[str, float] = {}
    for place in np.flatnonzero(~pair.encoded.nominal):
        real, synthetic = (matrix[:, place] for matrix in (pair.real_matrix, pair.synthetic_matrix))
        if np.isnan(real).all() or np.isnan(synthetic).all():
            continue
        low, high = np.nanquantile(real, [0.01, 0.99])
        if low < high:
            reached = min(high, np.nanmax(synthetic)) - max(low, np.nanmin(synthetic))
            columns[pair.encoded.names[place]] = float(max(0.0, reached / (high - low)))
    if not columns:
        raise NotApplicable("There is no numeric column that varies.")
    return Score(float(np.mean(list(columns.values()))), n=len(pair.synthetic), detail=by_column(columns))
