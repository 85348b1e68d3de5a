"""Is any group easier to tell from its real counterpart?"""

from __future__ import annotations

import numpy as np

from cohortium.errors import TooFewRecords
from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.disclosure import SMALL_SUBGROUP
from cohortium.evaluate.fairness.subgroups import subgroups
from cohortium.evaluate.fidelity.detection import detection
from cohortium.records import Question, Score
from cohortium.registry import metric


@metric(
    "subgroup_c2st",
    asks=Question.FAIRNESS,
    title="How well synthetic persons are told from real ones in the worst subgroup",
    better="lower",
    range=(0.5, 1.0),
    seeds=5,
    source="Lopez-Paz & Oquab 2017, by subgroup",
)
def subgroup_c2st(pair: Comparison, *, rng: np.random.Generator) -> Score:
    """AUC, within each subgroup, of the boosted trees that tell synthetic from real rows; the value is the worst one.

    The largest of several noisy numbers lies above 0.5 for real persons too: read it against the value on real persons.
    Raises : NotApplicable without a column of groups; TooFewRecords where no subgroup has
             thirty rows in both tables.
    """
    groups = subgroups(pair)
    found = pair.once(detection, rng)
    against = pair.real_matrix if found.against == "real" else pair.holdout_matrix
    rows = []
    for group in groups.judged:
        real, synthetic = group.of(against[found.real]), group.of(pair.synthetic_matrix[found.synthetic])
        if min(real.sum(), synthetic.sum()) >= SMALL_SUBGROUP:
            rows.append(group.row(c2st=round(found.area(real, synthetic), 4)))
    if not rows:
        raise TooFewRecords(f"No subgroup has {SMALL_SUBGROUP} real and as many synthetic rows.")
    return Score(max(float(row["c2st"]) for row in rows), n=len(found.scores), detail=groups.detail(rows))
