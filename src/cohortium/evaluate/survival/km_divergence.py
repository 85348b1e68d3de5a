"""The gap between the survival curves."""

from __future__ import annotations

import numpy as np

from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.survival.follow_up import comparable, gap, resampled
from cohortium.records import Question, Score, Survival
from cohortium.registry import metric


@metric(
    "km_divergence",
    asks=Question.SURVIVAL,
    title="Gap between the survival curves",
    better="lower",
    range=(0.0, 1.0),
    needs=("survival",),
    source="Norcliffe et al. 2023 (SurvivalGAN), section 4",
)
def km_divergence(pair: Comparison, *, rng: np.random.Generator) -> Score:
    """Mean absolute gap between the real and the synthetic Kaplan-Meier curve, up to the time at which ten real
    persons are left.

    The interval covers the noise of both curves, which a mean of absolute gaps only adds to; it includes the estimate.
    Raises : TooFewRecords below 20 events in the real table.
    """
    real, synthetic, _ = pair.survival
    return km_divergence_between(real, synthetic, rng)


def km_divergence_between(real: Survival, synthetic: Survival, rng: np.random.Generator) -> Score:
    """The metric of two groups of persons.

    Raises : TooFewRecords below 20 events among the real persons.
    """
    real, synthetic, horizon = comparable(real, synthetic)
    value, _ = gap(real, synthetic, horizon)
    low, high = resampled(real, synthetic, horizon, lambda a, b: np.abs(a - b).mean(axis=1), rng)
    return Score(value, min(low, value), max(high, value), n=len(synthetic), detail={"horizon": horizon})
