"""Nearest-neighbour distance ratio: does one training person stand out as the source of a synthetic row?"""

from __future__ import annotations

import numpy as np

from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.privacy.closeness import closeness
from cohortium.numerics.intervals import deviate
from cohortium.numerics.neighbours import nearest
from cohortium.records import Question, Score
from cohortium.registry import metric


@metric(
    "nndr",
    asks=Question.COPIES,
    title="Nearest against second nearest training person (mean ratio)",
    better="higher",
    range=(0.0, 1.0),
    ideal=1.0,
    needs=("holdout",),
    source="Zhao et al. 2021 (CTAB-GAN); Lowe 2004 for the ratio",
)
def nndr(pair: Comparison, *, rng: np.random.Generator) -> Score:
    """Distance of a synthetic row to its nearest training person over that to the second nearest, on average.

    Near 0 a row lies beside one person and far from all others, as a copy does. Its reference tells what is usual
    between real persons. Two training persons at the same distance count as 1.
    """
    drawn = pair.once(closeness, rng)
    gaps = nearest(drawn.synthetic, drawn.real, 2)[0]
    ratio = np.where(gaps[:, 1] > 0, gaps[:, 0] / np.maximum(gaps[:, 1], 1e-12), 1.0)
    value = float(ratio.mean())
    reach = deviate() * float(ratio.std(ddof=1) if len(ratio) > 1 else 0.5) / np.sqrt(len(ratio))
    return Score(value, max(value - reach, 0.0), min(value + reach, 1.0), n=len(ratio))
