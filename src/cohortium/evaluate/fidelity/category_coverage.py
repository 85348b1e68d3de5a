"""Levels that the synthetic table has not lost."""

from __future__ import annotations

import numpy as np

from cohortium.errors import NotApplicable
from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.disclosure import FEWEST
from cohortium.evaluate.shares import by_column
from cohortium.records import Question, Score
from cohortium.registry import metric


@metric(
    "category_coverage",
    asks=Question.MARGINALS,
    title="Levels that are still there",
    better="higher",
    range=(0.0, 1.0),
    source="SDMetrics, CategoryCoverage, on levels of at least ten persons",
)
def category_coverage(pair: Comparison, *, rng: np.random.Generator) -> Score:
    """Mean over nominal columns of the share of levels with at least ten real persons that the synthetic table has.

    A level that one or two persons carry should rather be lost than kept, and does not count.
    Raises : NotApplicable without a level of ten persons.
    """
    columns: dict[str, float] = {}
    for place in np.flatnonzero(pair.encoded.nominal):
        real, synthetic = (matrix[:, place] for matrix in (pair.real_matrix, pair.synthetic_matrix))
        levels, counts = np.unique(real[~np.isnan(real)], return_counts=True)
        often = levels[counts >= FEWEST]
        if len(often):
            columns[pair.encoded.names[place]] = float(np.isin(often, synthetic).mean())
    if not columns:
        raise NotApplicable(f"There is no level that at least {FEWEST} real persons have.")
    return Score(float(np.mean(list(columns.values()))), n=len(pair.synthetic), detail=by_column(columns))
