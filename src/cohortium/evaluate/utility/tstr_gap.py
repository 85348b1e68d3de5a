"""What a model loses by training on synthetic persons."""

from __future__ import annotations

import numpy as np

from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.utility.models import performance, with_interval
from cohortium.evaluate.utility.trained import answers
from cohortium.records import Question, Score
from cohortium.registry import metric


@metric(
    "tstr_gap",
    asks=Question.UTILITY,
    title="What a model loses by training on synthetic instead of real persons",
    better="lower",
    range=(-2.0, 2.0),
    needs=("target", "holdout"),
    source="Esteban, Hyland & Rätsch 2017 (TRTR less TSTR)",
)
def tstr_gap(pair: Comparison, *, rng: np.random.Generator) -> Score:
    """AUC or explained variance on held-out persons of boosted trees trained on the real table, less that of trees
    trained on the synthetic one. Both see the same held-out persons, which the interval takes into account.

    Raises : NotApplicable without a target or held-out persons; TooFewRecords where these are too few.
    """
    found = pair.once(answers, rng)
    task, n = found.task, len(found.held.y)
    values, covariance = performance(task, found.held.y, [found.real, found.synthetic], rng)
    variance = covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]
    detail = {"trained_on_real": round(float(values[0]), 4), "trained_on_synthetic": round(float(values[1]), 4)}
    return with_interval(values[0] - values[1], variance, n, -2.0, 2.0, target=task.target, **detail)
