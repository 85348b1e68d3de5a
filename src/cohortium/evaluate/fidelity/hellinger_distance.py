"""How much two distributions overlap."""

from __future__ import annotations

import numpy as np

from cohortium.errors import NotApplicable
from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.fidelity.codes import coarse_codes
from cohortium.evaluate.shares import by_column
from cohortium.numerics.divergences import hellinger, shares
from cohortium.records import Question, Score
from cohortium.registry import metric


@metric(
    "hellinger_distance",
    asks=Question.MARGINALS,
    title="Hellinger distance of each column",
    better="lower",
    range=(0.0, 1.0),
    source="Hellinger 1909; on ten bins, or the ten most frequent levels",
)
def hellinger_distance(pair: Comparison, *, rng: np.random.Generator) -> Score:
    """Mean over columns of the Hellinger distance, "missing" counting as a value of its own.

    Raises : NotApplicable where the tables share no column.
    """
    codes = coarse_codes(pair)
    if not len(codes.sizes):
        raise NotApplicable("The tables share no column that a model may use.")
    apart = [
        hellinger(shares(codes.real[:, place], size), shares(codes.synthetic[:, place], size))
        for place, size in enumerate(codes.sizes)
    ]
    columns = dict(zip(pair.encoded.names, apart, strict=True))
    return Score(float(np.mean(apart)), n=len(pair.synthetic), detail=by_column(columns, worst="highest"))
