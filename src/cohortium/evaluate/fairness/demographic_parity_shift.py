"""Does a model trained on synthetic persons say "yes" to groups more unequally?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.disclosure import SMALL_SUBGROUP
from cohortium.evaluate.fairness.parity import largest_shift
from cohortium.records import Question, Score
from cohortium.registry import metric

if TYPE_CHECKING:
    from numpy.typing import NDArray


@metric(
    "demographic_parity_shift",
    asks=Question.FAIRNESS,
    title="Change in how unequally a model decides between subgroups",
    better="lower",
    range=(0.0, 1.0),
    needs=("target", "holdout"),
    source="Dwork et al. 2012, ITCS (demographic parity)",
)
def demographic_parity_shift(pair: Comparison, *, rng: np.random.Generator) -> Score:
    """Largest change, over columns, of the gap between subgroups in the share of held-out persons whom the model
    picks, when it was trained on synthetic instead of real rows. It picks as many as have the outcome.

    Raises : NotApplicable without a two-class target, held-out persons or a marked column; TooFewRecords where no
             column has two subgroups of thirty held-out persons.
    """
    return largest_shift(pair, rng, {"chosen": _chosen})


def _chosen(decided: NDArray[np.bool_], _truth: NDArray[np.bool_]) -> float:
    return float(decided.mean()) if len(decided) >= SMALL_SUBGROUP else float("nan")
