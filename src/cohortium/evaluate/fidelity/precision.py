"""Synthetic persons who could be real."""

from __future__ import annotations

import numpy as np

from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.fidelity.support import points, reached
from cohortium.evaluate.shares import share
from cohortium.records import Question, Score
from cohortium.registry import metric


@metric(
    "precision",
    asks=Question.JOINT,
    title="Synthetic persons who have real neighbours",
    better="higher",
    range=(0.0, 1.0),
    source="Naeem et al. 2020, ICML (coverage, k = 5), with the tables exchanged",
)
def precision(pair: Comparison, *, rng: np.random.Generator) -> Score:
    """Share of synthetic rows with a real row no farther than their own fifth synthetic neighbour.

    Low where the synthetic table invents kinds of persons. On at most 3,000 rows of each.
    Raises : TooFewRecords below ten rows of either.
    """
    real, synthetic = points(pair, rng)
    return share(*reached(synthetic, real), len(synthetic), "rows")
