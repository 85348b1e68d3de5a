"""Combinations of three columns at a time."""

from __future__ import annotations

import numpy as np

from cohortium.errors import NotApplicable
from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.fidelity.codes import coarse_codes, combinations
from cohortium.numerics.divergences import code_distance, joint_codes
from cohortium.records import Question, Score
from cohortium.registry import metric

_MOST_TRIPLES = 2_000


@metric(
    "trivariate_accuracy",
    asks=Question.JOINT,
    title="Combinations of three columns",
    better="higher",
    range=(0.0, 1.0),
    source="MOSTLY AI QA, trivariate accuracy (Platzer & Reutterer 2021, Front. Big Data 4)",
)
def trivariate_accuracy(pair: Comparison, *, rng: np.random.Generator) -> Score:
    """Mean over sets of three columns of 1 minus half the summed gap between the shares of their combinations.

    Numbers count in ten bins, levels as the ten most frequent and "other". Sampling alone keeps the value below 1:
    read it against the value on real persons. More than 2,000 sets are sampled.
    Raises : NotApplicable below three columns.
    """
    codes = coarse_codes(pair)
    triples = combinations(len(codes.sizes), 3, _MOST_TRIPLES, rng)
    if not len(triples):
        raise NotApplicable("Sets of three columns need three columns.")
    total = 0.0
    for triple in triples:
        sizes = codes.sizes[triple]
        real, synthetic = (joint_codes(part[:, triple], sizes) for part in (codes.real, codes.synthetic))
        total += 1.0 - code_distance(real, synthetic, int(np.prod(sizes)))
    return Score(total / len(triples), n=len(pair.synthetic), detail={"sets": len(triples)})
