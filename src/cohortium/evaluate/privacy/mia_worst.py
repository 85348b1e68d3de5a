"""The strongest of the membership attacks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.privacy.mia_nearest import every_attack
from cohortium.evaluate.privacy.roc import Scores, Strongest, strongest
from cohortium.records import Question, Score
from cohortium.registry import metric


@metric(
    "mia_worst",
    asks=Question.PRIVACY,
    title="Membership found by the strongest attack (AUC)",
    better="lower",
    range=(0.5, 1.0),
    ideal=0.5,
    needs=("holdout",),
    source="the largest of the rows above; Bonferroni interval",
)
def mia_worst(pair: Comparison, *, rng: np.random.Generator) -> Score:
    """The best that any of the attacks achieves, in either direction; 0.5 is guessing.

    Synthetic rows that keep away from members give them away as well, so an AUC below 0.5 counts as one above. The
    interval allows for having picked the largest of several.
    """
    named = every_attack(pair, rng)
    found = strongest(tuple(scores for _, scores in named))
    return worst(found, named, {"areas": {name: round(scores.area().value, 5) for name, scores in named}})


def worst(found: Strongest, named: Sequence[tuple[str, Scores]], detail: dict[str, Any]) -> Score:
    """The strongest attack as a score; ``detail`` is added to its name."""
    return Score(
        found.area.value,
        found.area.low,
        found.area.high,
        n=len(found.scores.members) + len(found.scores.strangers),
        detail={"attack": named[found.place][0], **detail},
    )
