"""How many members an attacker finds who hardly ever accuses wrongly."""

from __future__ import annotations

import numpy as np

from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.privacy.mia_nearest import every_attack
from cohortium.numerics.intervals import LEVEL
from cohortium.records import Question, Score
from cohortium.registry import metric


@metric(
    "mia_tpr",
    asks=Question.PRIVACY,
    title="Members found at 1 % false accusations",
    better="lower",
    range=(0.0, 1.0),
    ideal=0.01,
    needs=("holdout",),
    source="Carlini et al. 2022 (true positive rate at a low false positive rate)",
)
def mia_tpr(pair: Comparison, *, rng: np.random.Generator) -> Score:
    """Share of members that the best attack finds while naming 1 in 100 strangers; 1 % is guessing.

    An attack may be useless on average and still be certain of a few. The largest over all attacks; the interval allows
    for that choice and for the threshold, and is wide below a few thousand persons.
    """
    named = every_attack(pair, rng)
    level = 1 - (1 - LEVEL) / len(named)
    found = [scores.caught(level=level) for _, scores in named]
    best = int(np.argmax([one.value for one in found]))
    name, scores = named[best]
    return Score(
        found[best].value,
        found[best].low,
        found[best].high,
        n=len(scores.members) + len(scores.strangers),
        detail={
            "attack": name,
            "attacks": {label: round(one.value, 5) for (label, _), one in zip(named, found, strict=True)},
        },
    )
