"""Do synthetic persons live too long?"""

from __future__ import annotations

import numpy as np

from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.survival.follow_up import compared, gap, resampled
from cohortium.records import Question, Score
from cohortium.registry import metric


@metric(
    "optimism",
    asks=Question.SURVIVAL,
    title="Synthetic survival above (+) or below (−) real survival",
    better="nearer",
    ideal=0.0,
    range=(-1.0, 1.0),
    needs=("survival",),
    source="Norcliffe et al. 2023 (SurvivalGAN), section 4",
)
def optimism(pair: Comparison, *, rng: np.random.Generator) -> Score:
    """Mean of synthetic less real survival, up to the time at which ten real persons are left.

    Above 0 the synthetic table promises more time than patients have.
    Raises : TooFewRecords below 20 events in the real table.
    """
    real, synthetic, horizon = compared(pair)
    _, value = gap(real, synthetic, horizon)
    low, high = resampled(real, synthetic, horizon, lambda a, b: (b - a).mean(axis=1), rng)
    return Score(value, min(low, value), max(high, value), n=len(synthetic), detail={"horizon": horizon})
