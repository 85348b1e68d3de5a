"""Train on real, test on synthetic."""

from __future__ import annotations

import numpy as np

from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.utility.models import performance, predicted, train, with_interval
from cohortium.evaluate.utility.task import prediction
from cohortium.records import Question, Score
from cohortium.registry import metric


@metric(
    "trts",
    asks=Question.UTILITY,
    title="A model trained on real persons, judged on synthetic ones",
    better="higher",
    range=(-1.0, 1.0),
    needs=("target",),
    source="Esteban, Hyland & Rätsch 2017 (TRTS)",
)
def trts(pair: Comparison, *, rng: np.random.Generator) -> Score:
    """AUC or explained variance on the synthetic table of boosted trees trained on the real one.

    Low where synthetic outcomes do not follow from the rest of the record; well above the value on real persons where
    synthetic persons are too typical.
    Raises : NotApplicable without a target; TooFewRecords where a table has too few rows or classes.
    """
    task = prediction(pair)
    judged = task.records(pair.synthetic_matrix)
    model = train(task, task.records(pair.real_matrix), rng)
    values, covariance = performance(task, judged.y, [predicted(task, model, judged.X)], rng)
    low = -1.0 if task.kind == "regression" else 0.0
    return with_interval(values[0], covariance[0, 0], len(judged.y), low, 1.0, target=task.target, task=task.kind)
