"""Does a model trained on synthetic persons err on groups more unequally?"""

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
    "equalised_odds_shift",
    asks=Question.FAIRNESS,
    title="Change in how unequally a model errs between subgroups",
    better="lower",
    range=(0.0, 1.0),
    needs=("target", "holdout"),
    source="Hardt, Price & Srebro 2016, NeurIPS (equalised odds)",
)
def equalised_odds_shift(pair: Comparison, *, rng: np.random.Generator) -> Score:
    """Largest change, over columns, of the gap between subgroups in the model's hit rate or false alarm rate, when it
    was trained on synthetic instead of real rows.

    Raises : NotApplicable without a two-class target, held-out persons or a marked column; TooFewRecords where no
             column has two subgroups with thirty held-out persons of either outcome.
    """
    return largest_shift(pair, rng, {"hits": _hits, "false_alarms": _false_alarms})


def _hits(decided: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    return float(decided[truth].mean()) if truth.sum() >= SMALL_SUBGROUP else float("nan")


def _false_alarms(decided: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    return float(decided[~truth].mean()) if (~truth).sum() >= SMALL_SUBGROUP else float("nan")
