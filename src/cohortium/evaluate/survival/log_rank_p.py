"""Could both tables come from the same survival?"""

from __future__ import annotations

import numpy as np

from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.survival.follow_up import compared
from cohortium.numerics.survival_curves import log_rank
from cohortium.records import Question, Score
from cohortium.registry import metric


@metric(
    "log_rank_p",
    asks=Question.SURVIVAL,
    title="Log-rank test between real and synthetic persons (p)",
    better="higher",
    range=(0.0, 1.0),
    needs=("survival",),
    source="Mantel 1966; Peto & Peto 1972",
)
def log_rank_p(pair: Comparison, *, rng: np.random.Generator) -> Score:
    """p of the log-rank test; below 0.01 the synthetic persons die at another rate.

    With many persons a tiny difference gives a small p: read it beside the gap between the curves.
    Raises : TooFewRecords below 20 events in the real table.
    """
    real, synthetic, _ = compared(pair)
    second = np.repeat([False, True], [len(real), len(synthetic)])
    statistic, p = log_rank(
        np.concatenate([real.durations, synthetic.durations]), np.concatenate([real.events, synthetic.events]), second
    )
    return Score(p, n=len(second), detail={"chi_squared": round(statistic, 4)})
