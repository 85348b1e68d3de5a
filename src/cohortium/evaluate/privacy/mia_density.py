"""Membership inference by densities: synthetic records against a sample of the population."""

from __future__ import annotations

import numpy as np

from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.privacy.attacks import attacks
from cohortium.evaluate.privacy.mia_nearest import area
from cohortium.records import Question, Score
from cohortium.registry import metric


@metric(
    "mia_density",
    asks=Question.PRIVACY,
    title="Membership found by the ratio of densities (AUC)",
    better="lower",
    range=(0.0, 1.0),
    ideal=0.5,
    needs=("holdout",),
    source="van Breugel et al. 2023 (DOMIAS); densities by nearest neighbours",
)
def mia_density(pair: Comparison, *, rng: np.random.Generator) -> Score:
    """Is a member's surroundings denser in the synthetic data than in the population? 0.5 is guessing.

    The attacker also has real records of persons like these, half of the held-out ones, and so knows which records are
    ordinary: an ordinary person is near to many synthetic rows without having been a member.
    """
    return area(pair.once(attacks, rng).density)


@metric(
    "mia_boosted",
    asks=Question.PRIVACY,
    title="Membership found by boosted trees (AUC)",
    better="lower",
    range=(0.0, 1.0),
    ideal=0.5,
    needs=("holdout",),
    source="van Breugel et al. 2023 (DOMIAS); density ratio by a classifier",
)
def mia_boosted(pair: Comparison, *, rng: np.random.Generator) -> Score:
    """The same question, the ratio of densities taken from boosted trees that tell synthetic rows from real persons."""
    return area(pair.once(attacks, rng).boosted)
