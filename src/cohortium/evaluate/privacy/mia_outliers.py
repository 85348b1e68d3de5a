"""Membership inference among the persons who stand out."""

from __future__ import annotations

import numpy as np

from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.privacy.attacks import attacks
from cohortium.evaluate.privacy.line_up import require
from cohortium.evaluate.privacy.mia_worst import worst
from cohortium.evaluate.privacy.roc import strongest
from cohortium.records import Question, Score
from cohortium.registry import metric

MOST_ISOLATED, FEWEST_ISOLATED = 0.05, 20


@metric(
    "mia_outliers",
    asks=Question.PRIVACY,
    title="Membership found among the most unusual persons (AUC)",
    better="lower",
    range=(0.5, 1.0),
    ideal=0.5,
    needs=("holdout",),
    source="Stadler et al. 2022 (outliers are the first to be exposed)",
)
def mia_outliers(pair: Comparison, *, rng: np.random.Generator) -> Score:
    """The strongest attack on the 5 % of persons, at least 20, who are least like anybody else; 0.5 is guessing.

    Unusual is who lies far from a sample of other real persons; as many strangers, as unusual, stand against them.
    Raises : TooFewRecords below 40 persons on either side.
    """
    run = pair.once(attacks, rng)
    n = len(run.nearest.members)
    require(n, n, 2 * FEWEST_ISOLATED)
    count = max(FEWEST_ISOLATED, round(MOST_ISOLATED * n))
    inside, outside = (
        np.argsort(-side, kind="stable")[:count] for side in (run.isolation.members, run.isolation.strangers)
    )
    named = run.named()
    attempts = tuple(scores.among(inside, outside) for _, scores in named)
    found = strongest(attempts)
    return worst(found, named, found.scores.detail())
