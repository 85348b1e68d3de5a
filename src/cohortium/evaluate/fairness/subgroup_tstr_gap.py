"""Does a model trained on synthetic persons fail one group?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cohortium.errors import TooFewRecords
from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.disclosure import FEWEST, SMALL_SUBGROUP
from cohortium.evaluate.fairness.subgroups import subgroups
from cohortium.evaluate.utility.models import performance, with_interval
from cohortium.evaluate.utility.task import Prediction
from cohortium.evaluate.utility.trained import answers
from cohortium.records import Question, Score
from cohortium.registry import metric

if TYPE_CHECKING:
    from numpy.typing import NDArray


@metric(
    "subgroup_tstr_gap",
    asks=Question.FAIRNESS,
    title="What a model trained on synthetic persons loses in the worst subgroup",
    better="lower",
    range=(-2.0, 2.0),
    needs=("target", "holdout"),
    source="Esteban, Hyland & Rätsch 2017, by subgroup",
)
def subgroup_tstr_gap(pair: Comparison, *, rng: np.random.Generator) -> Score:
    """AUC or explained variance of a model trained on real persons less that of one trained on synthetic persons, among
    the held-out persons of each subgroup; the value is the worst one, with the interval of that subgroup.

    Subgroups need thirty held-out persons, and ten with and ten without the outcome.
    Raises : NotApplicable without a target, held-out persons or a marked column; TooFewRecords where no subgroup is
             large enough.
    """
    groups = subgroups(pair)
    found = pair.once(answers, rng)
    held = pair.holdout_matrix[found.held.kept]
    rows, scores = [], []
    for group in groups.judged:
        members = group.of(held)
        y = found.held.y[members]
        if not _enough(found.task, y):
            continue
        both = [found.real[members], found.synthetic[members]]
        values, covariance = performance(found.task, y, both, rng)
        variance = covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]
        scores.append(with_interval(values[0] - values[1], variance, len(y), -2.0, 2.0))
        rows.append(group.row(tstr_gap=round(scores[-1].value, 4)))
    if not rows:
        raise TooFewRecords(f"No subgroup has {SMALL_SUBGROUP} held-out persons, ten with and ten without the outcome.")
    worst = max(scores, key=lambda score: score.value)
    return Score(worst.value, worst.low, worst.high, n=worst.n, detail=groups.detail(rows))


def _enough(task: Prediction, y: NDArray[np.float64]) -> bool:
    if len(y) < SMALL_SUBGROUP:
        return False
    if task.kind == "regression":
        return bool(y.min() < y.max())
    counts = np.bincount(y.astype(np.int64), minlength=len(task.classes))
    return bool(((counts >= FEWEST) & (len(y) - counts >= FEWEST)).any())
