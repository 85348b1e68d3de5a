"""Which columns matter."""

from __future__ import annotations

import numpy as np

from cohortium.errors import NotApplicable
from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.utility.models import train
from cohortium.evaluate.utility.task import Records, prediction
from cohortium.numerics.ranks import spearman
from cohortium.records import Question, Score
from cohortium.registry import metric


@metric(
    "feature_rank_agreement",
    asks=Question.UTILITY,
    title="Agreement on which columns matter",
    better="higher",
    range=(-1.0, 1.0),
    needs=("target",),
    seeds=5,
    source="synthcity, feature importance rank distance",
)
def feature_rank_agreement(pair: Comparison, *, rng: np.random.Generator) -> Score:
    """Rank correlation of the columns' importance (gain) in boosted trees trained on real and on synthetic rows.

    Each repetition trains on rows drawn anew with replacement, so that the interval shows how firm the ranks are.
    Raises : NotApplicable without a target, or with fewer than three features.
    """
    task = prediction(pair)
    if len(task.features) < 3:
        raise NotApplicable("Ranks of importance need at least three columns beside the target.")
    gains = []
    for matrix in (pair.real_matrix, pair.synthetic_matrix):
        rows = task.records(matrix)
        drawn = rng.integers(0, max(len(rows.y), 1), len(rows.y))
        gains.append(train(task, Records(rows.X[drawn], rows.y[drawn], rows.kept[drawn]), rng).gain)
    names = [pair.encoded.names[place] for place in task.features]
    shares = [gain / max(gain.sum(), 1e-300) for gain in gains]
    top = np.argsort(-shares[0], kind="stable")[:15]
    detail = {
        "columns": {names[i]: [round(float(shares[0][i]), 4), round(float(shares[1][i]), 4)] for i in top},
        "target": task.target,
    }
    return Score(spearman(*gains), n=len(pair.synthetic), detail=detail)
