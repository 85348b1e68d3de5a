"""How much columns say about each other."""

from __future__ import annotations

import numpy as np

from cohortium.errors import NotApplicable
from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.fidelity.codes import coarse_codes, combinations
from cohortium.numerics.associations import mutual_information
from cohortium.records import Question, Score
from cohortium.registry import metric

_MOST_PAIRS = 4_000


@metric(
    "information_difference",
    asks=Question.JOINT,
    title="Difference in what columns say about each other",
    better="lower",
    range=(0.0, 1.0),
    source="SynthEval, mutual information difference",
)
def information_difference(pair: Comparison, *, rng: np.random.Generator) -> Score:
    """Mean over pairs of columns of the difference in normalised mutual information, on ten bins.

    Raises : NotApplicable below two columns.
    """
    codes = coarse_codes(pair)
    pairs = combinations(len(codes.sizes), 2, _MOST_PAIRS, rng)
    if not len(pairs):
        raise NotApplicable("Pairs of columns need two columns.")
    apart = np.array([
        abs(
            mutual_information(codes.real[:, i], codes.real[:, j])
            - mutual_information(codes.synthetic[:, i], codes.synthetic[:, j])
        )
        for i, j in pairs
    ])  # fmt: skip
    names, worst = pair.encoded.names, np.argsort(-apart)[:10]
    detail = {"pairs": [[names[pairs[k][0]], names[pairs[k][1]], round(float(apart[k]), 6)] for k in worst]}
    return Score(float(apart.mean()), n=len(pair.synthetic), detail=detail)
