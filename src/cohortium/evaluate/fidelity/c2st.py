"""Classifier two-sample test: can a good model tell synthetic from real rows?"""

from __future__ import annotations

import numpy as np

from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.fidelity.detection import detection
from cohortium.records import Question, Score
from cohortium.registry import metric


@metric(
    "c2st",
    asks=Question.JOINT,
    title="How well boosted trees tell synthetic from real persons",
    better="lower",
    range=(0.5, 1.0),
    seeds=5,
    source="Lopez-Paz & Oquab 2017, ICLR; boosted trees, 5 shuffled folds",
)
def c2st(pair: Comparison, *, rng: np.random.Generator) -> Score:
    """AUC of gradient-boosted trees over five shuffled folds; 0.5 means that they cannot tell at all.

    Against held-out persons where there are any, for a table of copies would look perfect against its own source. At
    most 12,000 rows of each; all rows of a person stay in one fold. ``detail`` names the columns that betray the table.
    Raises : TooFewRecords below 50 rows of either kind.
    """
    found = pair.once(detection, rng)
    everyone = np.ones(len(found.real), dtype=np.bool_)
    top = np.argsort(-found.gain, kind="stable")[:10]
    names = pair.encoded.names
    gives_away = [{"column": names[place], "gain": round(float(found.gain[place]), 4)} for place in top]
    area = found.area(everyone, everyone)
    return Score(area, n=len(found.scores), detail={"gives_away": gives_away, "against": found.against})
