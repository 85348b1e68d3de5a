"""What synthetic persons add to real ones."""

from __future__ import annotations

import numpy as np

from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.utility.models import performance, predicted, train, with_interval
from cohortium.evaluate.utility.task import Records
from cohortium.evaluate.utility.trained import answers
from cohortium.records import Question, Score
from cohortium.registry import metric


@metric(
    "augmentation_gain",
    asks=Question.UTILITY,
    title="What synthetic persons add to real ones in training",
    better="higher",
    range=(-2.0, 2.0),
    needs=("target", "holdout"),
    source="synthcity, augmentation",
)
def augmentation_gain(pair: Comparison, *, rng: np.random.Generator) -> Score:
    """AUC or explained variance on held-out persons of boosted trees trained on real and synthetic rows together, less
    that of trees trained on the real rows alone.

    Raises : NotApplicable without a target or held-out persons; TooFewRecords where these are too few.
    """
    found = pair.once(answers, rng)
    task, held = found.task, found.held
    real, synthetic = task.records(pair.real_matrix), task.records(pair.synthetic_matrix)
    both = Records(
        np.vstack([real.X, synthetic.X]),
        np.concatenate([real.y, synthetic.y]),
        np.concatenate([real.kept, synthetic.kept]),
    )
    of_both = predicted(task, train(task, both, rng), held.X)
    values, covariance = performance(task, held.y, [of_both, found.real], rng)
    variance = covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]
    return with_interval(values[0] - values[1], variance, len(held.y), -2.0, 2.0, target=task.target)
