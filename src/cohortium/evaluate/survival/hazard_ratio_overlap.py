"""Would a Cox regression say the same?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.design import RIDGE, Design
from cohortium.evaluate.survival.covariates import cox_design, with_follow_up
from cohortium.evaluate.survival.follow_up import compared
from cohortium.numerics.cox import cox
from cohortium.numerics.regression import NORMAL_95, Fit, interval_overlap
from cohortium.records import Question, Score, Survival
from cohortium.registry import metric

if TYPE_CHECKING:
    from numpy.typing import NDArray


_RESAMPLES = 10


@metric(
    "hazard_ratio_overlap",
    asks=Question.SURVIVAL,
    title="Overlap of the hazard ratios' confidence intervals",
    better="higher",
    range=(0.0, 1.0),
    needs=("survival",),
    source="Karr et al. 2006; Cox 1972",
)
def hazard_ratio_overlap(pair: Comparison, *, rng: np.random.Generator) -> Score:
    """Mean overlap of the 95 % confidence intervals of the log hazard ratios in the real and the synthetic table.

    At most 25 covariates. It swings by 0.1 between equally good tables; the interval, from synthetic persons drawn
    anew with replacement, shows that. ``detail`` carries both tables' log hazard ratios with their intervals.
    Raises : TooFewRecords below 20 events in the real table; NotApplicable without a covariate; NotConverged.
    """
    compared(pair)
    form = cox_design(pair)
    real = _fitted(form, *with_follow_up(pair.real, pair.real_matrix))
    rows, follow_up = with_follow_up(pair.synthetic, pair.synthetic_matrix)
    synthetic = _fitted(form, rows, follow_up)
    value = float(interval_overlap(real.intervals, synthetic.intervals).mean())
    again = []
    for _ in range(_RESAMPLES):
        drawn = rng.integers(0, len(rows), len(rows))
        if follow_up.events[drawn].any():
            other = _fitted(form, rows[drawn], Survival(follow_up.durations[drawn], follow_up.events[drawn]))
            again.append(float(interval_overlap(real.intervals, other.intervals).mean()))
    wide = NORMAL_95 * float(np.std(again)) if again else 0.0
    terms = [
        {"term": name, "real": limits.tolist(), "synthetic": others.tolist()}
        for name, limits, others in zip(form.names, _summary(real), _summary(synthetic), strict=True)
    ]
    return Score(value, max(0.0, value - wide), min(1.0, value + wide), n=len(rows), detail={"terms": terms})


def _fitted(form: Design, rows: NDArray[np.float64], follow_up: Survival) -> Fit:
    return cox(form.covariates(rows), follow_up.durations, follow_up.events, ridge=RIDGE)


def _summary(fit: Fit) -> NDArray[np.float64]:
    """Estimate and confidence limits (p, 3)."""
    return np.asarray(np.round(np.column_stack([fit.coefficients, fit.intervals]), 4), dtype=np.float64)
