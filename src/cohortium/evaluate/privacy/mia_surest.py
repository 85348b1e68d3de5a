"""How often an attacker is right about the persons of whom he is surest."""

from __future__ import annotations

import numpy as np

from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.privacy.mia_nearest import every_attack
from cohortium.evaluate.privacy.roc import Scores
from cohortium.numerics.intervals import LEVEL, wilson
from cohortium.records import Question, Score
from cohortium.registry import metric

SUREST = 0.1


@metric(
    "mia_surest",
    asks=Question.PRIVACY,
    title="Members among the tenth whom the attacker is surest of",
    better="lower",
    range=(0.0, 1.0),
    ideal=0.5,
    needs=("holdout",),
    source="positive predictive value at the worst decile of per-record risk",
)
def mia_surest(pair: Comparison, *, rng: np.random.Generator) -> Score:
    """Of the tenth of persons that an attack ranks highest, the share who were members; half is guessing.

    The risk of the most exposed persons, which an average over everybody hides. The largest over all attacks; the
    interval allows for that choice.
    """
    named = every_attack(pair, rng)
    shares = [_share_of_members(scores) for _, scores in named]
    best = int(np.argmax(shares))
    scores = named[best][1]
    chosen = max(1, round(SUREST * (len(scores.members) + len(scores.strangers))))
    independent = chosen / scores.stretch**2
    found = wilson(shares[best] * independent, independent, 1 - (1 - LEVEL) / len(named))
    return Score(
        found.value,
        found.low,
        found.high,
        n=chosen,
        detail={"attack": named[best][0], "attacks": {n: round(s, 5) for (n, _), s in zip(named, shares, strict=True)}},
    )


def _share_of_members(scores: Scores) -> float:
    """Expected share of members among the highest tenth, where a tie at its edge is broken by lot."""
    both = np.concatenate([scores.members, scores.strangers])
    chosen = max(1, round(SUREST * len(both)))
    edge = np.partition(both, len(both) - chosen)[len(both) - chosen]
    above, at = both > edge, both == edge
    is_member = np.arange(len(both)) < len(scores.members)
    left = chosen - above.sum()
    return float((is_member[above].sum() + left * is_member[at].mean()) / chosen)
