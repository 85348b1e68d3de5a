"""Real persons whom the synthetic table has not forgotten."""

from __future__ import annotations

import numpy as np

from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.fidelity.support import points, reached
from cohortium.evaluate.shares import share
from cohortium.records import Question, Score
from cohortium.registry import metric


@metric(
    "coverage",
    asks=Question.JOINT,
    title="Real persons who have synthetic neighbours",
    better="higher",
    range=(0.0, 1.0),
    source="Naeem et al. 2020, ICML (coverage, k = 5)",
)
def coverage(pair: Comparison, *, rng: np.random.Generator) -> Score:
    """Share of real rows with a synthetic row no farther than their own fifth real neighbour.

    Low where the synthetic table leaves out kinds of persons. On at most 3,000 rows of each.
    Raises : TooFewRecords below ten rows of either.
    """
    real, synthetic = points(pair, rng)
    return share(*reached(real, synthetic), len(real), "rows")
