"""Are synthetic persons lost to follow-up as real ones are?"""

from __future__ import annotations

import numpy as np

from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.survival.follow_up import compared, gap, resampled
from cohortium.records import Question, Score
from cohortium.registry import metric


@metric(
    "censoring_divergence",
    asks=Question.SURVIVAL,
    title="Gap between the curves of follow-up",
    better="lower",
    range=(0.0, 1.0),
    needs=("survival",),
    source="Schemper & Smith 1996, Control. Clin. Trials 17 (reverse Kaplan-Meier)",
)
def censoring_divergence(pair: Comparison, *, rng: np.random.Generator) -> Score:
    """Mean absolute gap between the reverse Kaplan-Meier curves, in which the end of follow-up is the event.

    A wrong censoring mechanism makes treatments look better than they are, even where survival agrees.
    Raises : TooFewRecords below 20 censored real persons.
    """
    real, synthetic, horizon = compared(pair, censoring=True)
    value, _ = gap(real, synthetic, horizon)
    low, high = resampled(real, synthetic, horizon, lambda a, b: np.abs(a - b).mean(axis=1), rng)
    return Score(value, min(low, value), max(high, value), n=len(synthetic), detail={"horizon": horizon})
