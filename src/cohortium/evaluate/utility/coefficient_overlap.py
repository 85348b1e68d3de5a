"""Do regression coefficients agree within their uncertainty?"""

from __future__ import annotations

import numpy as np

from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.utility.stated_analysis import analysis
from cohortium.numerics.regression import interval_overlap
from cohortium.records import Question, Score
from cohortium.registry import metric


@metric(
    "coefficient_overlap",
    asks=Question.UTILITY,
    title="Overlap of the regression coefficients' confidence intervals",
    better="higher",
    range=(0.0, 1.0),
    needs=("target",),
    source="Karr et al. 2006, The American Statistician 60(3)",
)
def coefficient_overlap(pair: Comparison, *, rng: np.random.Generator) -> Score:
    """Mean overlap of the 95 % confidence intervals of the coefficients of the stated analysis, or of the outcome on
    all other columns, fitted to the real and to the synthetic table.

    Raises : NotApplicable without an outcome; TooFewRecords where a table has too few rows; NotConverged.
    """
    found = pair.once(analysis, rng)
    overlap = interval_overlap(found.real.intervals, found.synthetic.intervals)
    terms = [
        {
            "term": name,
            "real": [round(float(v), 4) for v in (a, *found.real.intervals[i])],
            "synthetic": [round(float(v), 4) for v in (b, *found.synthetic.intervals[i])],
        }
        for i, (name, a, b) in enumerate(
            zip(found.names, found.real.coefficients, found.synthetic.coefficients, strict=True)
        )
    ]
    return Score(float(overlap.mean()), n=found.rows, detail={"outcome": found.outcome, "terms": terms})
