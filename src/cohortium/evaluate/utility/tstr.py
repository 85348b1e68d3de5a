"""Train on synthetic, test on real."""

from __future__ import annotations

import numpy as np

from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.utility.models import performance, with_interval
from cohortium.evaluate.utility.trained import answers
from cohortium.records import Question, Score
from cohortium.registry import metric


@metric(
    "tstr",
    asks=Question.UTILITY,
    title="A model trained on synthetic persons, judged on held-out ones",
    better="higher",
    range=(-1.0, 1.0),
    needs=("target", "holdout"),
    source="Esteban, Hyland & Rätsch 2017 (TSTR); boosted trees; DeLong et al. 1988",
)
def tstr(pair: Comparison, *, rng: np.random.Generator) -> Score:
    """AUC (classes; the mean over classes where there are several) or explained variance (numbers) on held-out persons
    of boosted trees trained on the synthetic table.

    The interval covers the draw of held-out persons. An explained variance below −1 is given as −1.
    Raises : NotApplicable without a target or held-out persons; TooFewRecords where these are too few.
    """
    found = pair.once(answers, rng)
    task, n = found.task, len(found.held.y)
    values, covariance = performance(task, found.held.y, [found.synthetic], rng)
    low = -1.0 if task.kind == "regression" else 0.0
    return with_interval(values[0], covariance[0, 0], n, low, 1.0, target=task.target, task=task.kind)
