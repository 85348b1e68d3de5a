"""Does a survival model learnt from synthetic persons rank real ones?"""

from __future__ import annotations

import numpy as np

from cohortium.errors import NotApplicable, TooFewRecords
from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.design import RIDGE
from cohortium.evaluate.survival.covariates import cox_design, with_follow_up
from cohortium.evaluate.survival.follow_up import FEWEST_EVENTS, compared
from cohortium.numerics.cox import cox
from cohortium.numerics.regression import NORMAL_95
from cohortium.numerics.survival_curves import concordance
from cohortium.records import Question, Score
from cohortium.registry import metric

_RESAMPLES = 50


@metric(
    "concordance_tstr",
    asks=Question.SURVIVAL,
    title="Concordance on held-out persons of a Cox model trained on synthetic ones",
    better="higher",
    range=(0.0, 1.0),
    needs=("survival", "holdout"),
    source="Harrell et al. 1982; Esteban et al. 2017 (TSTR)",
)
def concordance_tstr(pair: Comparison, *, rng: np.random.Generator) -> Score:
    """Harrell's C on held-out persons; ``detail`` has the same for a model trained on the real table.

    The interval covers the draw of held-out persons.
    Raises : TooFewRecords below 20 events in the real table, or among the held-out persons; NotConverged.
    """
    compared(pair)
    form = cox_design(pair)
    if pair.holdout is None:
        raise NotApplicable("Concordance needs real persons who were held out.")
    held_rows, held = with_follow_up(pair.holdout, pair.holdout_matrix)
    if held.events.sum() < FEWEST_EVENTS:
        raise TooFewRecords(
            f"Concordance needs {FEWEST_EVENTS} events among held-out persons; there are {int(held.events.sum())}."
        )
    X = form.covariates(held_rows)
    risks = []
    for table, matrix in ((pair.synthetic, pair.synthetic_matrix), (pair.real, pair.real_matrix)):
        rows, follow_up = with_follow_up(table, matrix)
        risks.append(X @ cox(form.covariates(rows), follow_up.durations, follow_up.events, ridge=RIDGE).coefficients)
    value, trained_on_real = (concordance(held.durations, held.events, risk) for risk in risks)
    spread = []
    for _ in range(_RESAMPLES):
        drawn = rng.integers(0, len(held), len(held))
        spread.append(concordance(held.durations[drawn], held.events[drawn], risks[0][drawn]))
    wide = NORMAL_95 * float(np.std(spread))
    detail = {"trained_on_real": round(trained_on_real, 4)}
    return Score(value, max(0.0, value - wide), min(1.0, value + wide), n=len(held), detail=detail)
