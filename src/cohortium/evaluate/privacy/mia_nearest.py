"""Membership inference by the nearest synthetic record."""

from __future__ import annotations

import numpy as np

from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.privacy.attacks import attacks
from cohortium.evaluate.privacy.closeness import closeness
from cohortium.evaluate.privacy.roc import Scores
from cohortium.records import Question, Score
from cohortium.registry import metric


@metric(
    "mia_nearest",
    asks=Question.PRIVACY,
    title="Membership found by the nearest synthetic record (AUC)",
    better="lower",
    range=(0.0, 1.0),
    ideal=0.5,
    needs=("holdout",),
    source="Chen et al. 2020 (GAN-Leaks), full black box; 6,000 synthetic rows",
)
def mia_nearest(pair: Comparison, *, rng: np.random.Generator) -> Score:
    """How well the nearest synthetic row tells whether a person was in the data; 0.5 is guessing.

    The weakest attacker: he has the person's record and nothing else. Comparable with published figures, which search
    6,000 synthetic rows.
    """
    return area(nearest_of_few(pair, rng))


def nearest_of_few(pair: Comparison, rng: np.random.Generator) -> Scores:
    """The nearer a person's nearest synthetic row among 6,000, the more likely a member."""
    drawn = pair.once(closeness, rng)
    return Scores(-drawn.to_synthetic[0], -drawn.to_synthetic[1])


def area(scores: Scores) -> Score:
    """An attack's AUC with its interval, its ROC curve in the detail."""
    found = scores.area()
    return Score(
        found.value, found.low, found.high, n=len(scores.members) + len(scores.strangers), detail=scores.detail()
    )


def every_attack(pair: Comparison, rng: np.random.Generator) -> tuple[tuple[str, Scores], ...]:
    """This and all other membership attacks, with their names."""
    return (("nearest of 6,000", nearest_of_few(pair, rng)), *pair.once(attacks, rng).named())
