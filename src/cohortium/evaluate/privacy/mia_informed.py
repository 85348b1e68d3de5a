"""Membership inference by someone who knows the truth about other persons."""

from __future__ import annotations

import numpy as np

from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.privacy.attacks import attacks
from cohortium.evaluate.privacy.mia_nearest import area
from cohortium.records import Question, Score
from cohortium.registry import metric


@metric(
    "mia_informed",
    asks=Question.PRIVACY,
    title="Membership found by an informed insider (AUC)",
    better="lower",
    range=(0.0, 1.0),
    ideal=0.5,
    needs=("holdout",),
    source="Shokri et al. 2017 (learn the attack from known members); features of the other attacks",
)
def mia_informed(pair: Comparison, *, rng: np.random.Generator) -> Score:
    """What an attacker achieves who knows of half of the persons whether they were in the data; 0.5 is guessing.

    He learns on them how to weigh the other attacks against each other, and is then asked about persons he does not
    know: a worst case, such as a former employee of the data holder.
    """
    return area(pair.once(attacks, rng).informed)
