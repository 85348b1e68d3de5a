"""Would the conclusions be the same?"""

from __future__ import annotations

import numpy as np

from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.shares import share
from cohortium.evaluate.utility.stated_analysis import analysis
from cohortium.records import Question, Score
from cohortium.registry import metric

SIGNIFICANT = 0.05


@metric(
    "replication",
    asks=Question.UTILITY,
    title="Conclusions of a regression that come out the same",
    better="higher",
    range=(0.0, 1.0),
    needs=("target",),
)
def replication(pair: Comparison, *, rng: np.random.Generator) -> Score:
    """Share of the terms of the stated analysis, or of the outcome on all other columns, on which both tables conclude
    the same: significant (p < 0.05) with the same sign in both, or significant in neither.

    Raises : NotApplicable without an outcome; TooFewRecords where a table has too few rows; NotConverged.
    """
    found = pair.once(analysis, rng)
    firm, other = found.real.p_values < SIGNIFICANT, found.synthetic.p_values < SIGNIFICANT
    sign = np.sign(found.real.coefficients) == np.sign(found.synthetic.coefficients)
    same = (firm == other) & (sign | ~firm)
    changed = [name for name, agrees in zip(found.names, same, strict=True) if not agrees]
    detail = {"outcome": found.outcome, "changed": changed, "terms": len(same)}
    return share(int(same.sum()), len(same), found.rows, "terms", detail)
