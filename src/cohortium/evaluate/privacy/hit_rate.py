"""Hit rate: how many training persons have a synthetic row that is all but theirs?"""

from __future__ import annotations

import numpy as np

from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.privacy.closeness import closeness
from cohortium.evaluate.privacy.line_up import most_synthetic
from cohortium.numerics.intervals import difference
from cohortium.numerics.neighbours import any_alike
from cohortium.records import Question, Score
from cohortium.registry import metric

TARGETS, PART_OF_RANGE = 2_000, 30


@metric(
    "hit_rate",
    asks=Question.COPIES,
    title="Persons hit by an all but equal row (share beyond chance)",
    better="lower",
    range=(-1.0, 1.0),
    ideal=0.0,
    needs=("holdout",),
    source="SynthEval, hit rate (levels equal, numbers within 1/30 of the range), less the held-out persons' rate",
)
def hit_rate(pair: Comparison, *, rng: np.random.Generator) -> Score:
    """How many more training persons than held-out persons have an all but equal synthetic row; 0 is best."""
    drawn = pair.once(closeness, rng)
    inside, outside = (rows[:TARGETS] for rows in drawn.rows[:2])
    members, strangers = pair.real_matrix[inside], pair.holdout_matrix[outside]
    synthetic = pair.synthetic_matrix[rng.permutation(len(pair.synthetic))[: most_synthetic(pair)]]
    both = np.vstack([pair.real_matrix[drawn.rows[0]], pair.holdout_matrix[drawn.rows[1]]])
    high, low = (np.where(np.isnan(both), fill, both) for fill in (-np.inf, np.inf))
    span = high.max(axis=0) - low.min(axis=0)
    tolerance = np.where(pair.encoded.nominal | ~np.isfinite(span), 0.0, span / PART_OF_RANGE)
    hits = [any_alike(side, synthetic, tolerance) for side in (members, strangers)]
    gap = difference(hits[0].sum(), len(hits[0]), hits[1].sum(), len(hits[1]))
    detail = {"members": round(float(hits[0].mean()), 5), "strangers": round(float(hits[1].mean()), 5)}
    return Score(gap.value, gap.low, gap.high, n=len(members) + len(strangers), detail=detail)
