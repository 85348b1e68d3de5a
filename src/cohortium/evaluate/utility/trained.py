"""The models that several utility and fairness metrics judge, trained once per repetition."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.utility.models import predicted, train
from cohortium.evaluate.utility.task import Prediction, Records, prediction

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Answers:
    """What the same kind of model, trained on either table, says of the held-out persons.

    held            : the held-out persons with a known target.
    real, synthetic : answers (n,) or (n, K) of the model trained on real rows, and on synthetic rows.
    """

    task: Prediction
    held: Records
    real: NDArray[np.float64]
    synthetic: NDArray[np.float64]


def answers(pair: Comparison, rng: np.random.Generator) -> Answers:
    """Train on both tables and answer for the held-out persons.

    Raises : NotApplicable without a target or held-out persons; TooFewRecords where these are too few.
    """
    task = prediction(pair)
    held = task.held_out(pair)
    real, synthetic = (
        predicted(task, train(task, task.records(matrix), rng), held.X)
        for matrix in (pair.real_matrix, pair.synthetic_matrix)
    )
    return Answers(task, held, real, synthetic)
