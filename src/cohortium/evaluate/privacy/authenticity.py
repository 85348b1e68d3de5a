"""Authenticity: are synthetic rows further from training persons than these are from one another?"""

from __future__ import annotations

import numpy as np

from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.privacy.closeness import closeness, is_nearer, share_of
from cohortium.numerics.neighbours import nearest
from cohortium.records import Question, Score
from cohortium.registry import metric


@metric(
    "authenticity",
    asks=Question.COPIES,
    title="Synthetic rows that no training person explains",
    better="higher",
    range=(0.0, 1.0),
    ideal=1.0,
    needs=("holdout",),
    source="Alaa et al. 2022 (authenticity); ties count half",
)
def authenticity(pair: Comparison, *, rng: np.random.Generator) -> Score:
    """Share of synthetic rows further from their nearest training person than that person is from any other.

    Its reference tells what is usual between real persons, commonly near one half.
    """
    drawn = pair.once(closeness, rng)
    gaps, source = nearest(drawn.synthetic, drawn.real)
    own = np.arange(len(drawn.real))
    among = nearest(drawn.real, drawn.real, groups=(own, own))[0][:, 0]
    found = share_of(is_nearer(among[source[:, 0]], gaps[:, 0]), source[:, 0])
    return Score(found.value, found.low, found.high, n=len(drawn.synthetic))
