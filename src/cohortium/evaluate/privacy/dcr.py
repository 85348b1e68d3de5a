"""Distance to the closest record: are synthetic rows nearer to training persons than to held-out ones?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.privacy.closeness import Closeness, closeness, is_nearer, share_of
from cohortium.numerics.intervals import LEVEL
from cohortium.numerics.neighbours import nearest
from cohortium.records import Question, Score
from cohortium.registry import metric

if TYPE_CHECKING:
    from numpy.typing import NDArray

HALVINGS = 3


@metric(
    "dcr_share",
    asks=Question.COPIES,
    title="Synthetic rows nearer to training than to held-out persons",
    better="lower",
    range=(0.0, 1.0),
    ideal=0.5,
    needs=("holdout",),
    source="Platzer and Reutterer 2021; ties count half",
)
def dcr_share(pair: Comparison, *, rng: np.random.Generator) -> Score:
    """Share of synthetic rows whose nearest real person was trained on and not held out; one half is best.

    Of equally many persons of each. A smoke detector: a share above one half shows copying, one half no safety.
    """
    return _share(pair.once(closeness, rng), slice(None), LEVEL)


@metric(
    "dcr_share_groups",
    asks=Question.COPIES,
    title="Nearer to training persons, worst of seven column groups",
    better="lower",
    range=(0.0, 1.0),
    ideal=0.5,
    needs=("holdout",),
    source="MOSTLY AI qa, DCR share (worst of column groups); here all columns and three random halvings",
)
def dcr_share_groups(pair: Comparison, *, rng: np.random.Generator) -> Score:
    """The largest share nearer to training persons, over all columns and six random halves of them; one half is best.

    Copying may hide in some of the columns. The interval allows for having picked the largest of seven.
    """
    drawn = pair.once(closeness, rng)
    groups: list[slice | NDArray[np.bool_]] = [slice(None)]
    columns = len(pair.encoded.names)
    for _ in range(HALVINGS if columns > 1 else 0):
        half = np.isin(drawn.column, rng.permutation(columns)[: columns // 2])
        groups += [half, ~half]
    scores = [_share(drawn, group, 1 - (1 - LEVEL) / len(groups)) for group in groups]
    return max(scores, key=lambda score: score.value)


def _share(drawn: Closeness, group: slice | NDArray[np.bool_], level: float) -> Score:
    synthetic, real, holdout = (
        np.ascontiguousarray(part[:, group]) for part in (drawn.synthetic, drawn.real, drawn.holdout)
    )
    (to_real, whom), (to_holdout, whom_else) = nearest(synthetic, real), nearest(synthetic, holdout)
    yes = is_nearer(to_real[:, 0], to_holdout[:, 0])
    persons = np.where(yes >= 0.5, whom[:, 0], len(real) + whom_else[:, 0])
    found = share_of(yes, persons, level)
    return Score(found.value, found.low, found.high, n=len(synthetic))
