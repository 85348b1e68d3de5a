"""Does synthetic follow-up end too early?"""

from __future__ import annotations

import numpy as np

from cohortium.errors import TooFewRecords
from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.survival.follow_up import compared
from cohortium.records import Question, Score
from cohortium.registry import metric


@metric(
    "short_sightedness",
    asks=Question.SURVIVAL,
    title="Share of the follow-up that the synthetic table lacks",
    better="lower",
    range=(0.0, 1.0),
    needs=("survival",),
    source="Norcliffe et al. 2023 (SurvivalGAN), section 4, at the 99th percentile of follow-up",
)
def short_sightedness(pair: Comparison, *, rng: np.random.Generator) -> Score:
    """How much shorter the synthetic follow-up is than the real one, each at its 99th percentile; 0 if it is not.

    The very longest follow-up belongs to one person, and need not be reached.
    Raises : TooFewRecords below 20 events in the real table, or where its follow-up has no length.
    """
    real, synthetic, _ = compared(pair)
    longest, reached = (float(np.quantile(part.durations, 0.99)) for part in (real, synthetic))
    if longest <= 0:
        raise TooFewRecords("The real follow-up has no length.")
    return Score(max(0.0, (longest - reached) / longest), n=len(synthetic))
