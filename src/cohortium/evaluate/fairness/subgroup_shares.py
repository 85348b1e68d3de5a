"""Are there as many of each group?"""

from __future__ import annotations

import numpy as np

from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.fairness.subgroups import subgroups
from cohortium.records import Question, Score
from cohortium.registry import metric


@metric(
    "subgroup_shares",
    asks=Question.FAIRNESS,
    title="Largest change in a subgroup's share",
    better="lower",
    range=(0.0, 1.0),
)
def subgroup_shares(pair: Comparison, *, rng: np.random.Generator) -> Score:
    """Largest difference, over subgroups, between their share of the real and of the synthetic rows.

    Raises  : NotApplicable without a column of groups.
    Reveals : shares of subgroups of at least thirty persons, to three decimals.
    """
    groups = subgroups(pair)
    rows, apart = [], []
    for group in groups.judged:
        real, synthetic = (group.of(matrix) for matrix in (pair.real_matrix, pair.synthetic_matrix))
        apart.append(abs(float(real.mean()) - float(synthetic.mean())))
        share_real, share_synthetic = round(float(real.mean()), 3), round(float(synthetic.mean()), 3)
        rows.append(group.row(share_real=share_real, share_synthetic=share_synthetic))
    return Score(max(apart), n=len(pair.synthetic), detail=groups.detail(rows))
