"""Privacy loss: is the synthetic table harder to tell from the training persons than from held-out ones?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.privacy.closeness import closeness, is_nearer, to_nearest
from cohortium.numerics.intervals import deviate
from cohortium.numerics.neighbours import nearest
from cohortium.records import Question, Score
from cohortium.registry import metric

if TYPE_CHECKING:
    from numpy.typing import NDArray


@metric(
    "privacy_loss",
    asks=Question.COPIES,
    title="Adversarial accuracy on held-out less on training persons",
    better="lower",
    range=(-1.0, 1.0),
    ideal=0.0,
    needs=("holdout",),
    source="Yale et al. 2020 (nearest-neighbour adversarial accuracy, privacy loss)",
)
def privacy_loss(pair: Comparison, *, rng: np.random.Generator) -> Score:
    """How much easier synthetic rows are told from held-out persons than from training persons; 0 is best."""
    drawn = pair.once(closeness, rng)
    n = min(len(drawn.real), len(drawn.synthetic))
    synthetic = drawn.synthetic[:n]
    inside, outside = (_accuracy(side[:n], synthetic) for side in (drawn.real, drawn.holdout))
    value = outside - inside
    reach = deviate() * float(np.sqrt((inside * (1 - inside) + outside * (1 - outside)) / (2 * n) + 0.25 / n**2))
    return Score(value, max(value - reach, -1.0), min(value + reach, 1.0), n=2 * n)


def _accuracy(real: NDArray[np.float32], synthetic: NDArray[np.float32]) -> float:
    """Share of points, real and synthetic, whose nearest other point is of their own kind."""
    own = np.arange(len(real))
    alone = [nearest(points, points, groups=(own, own))[0][:, 0] for points in (real, synthetic)]
    across = [to_nearest(real, synthetic), to_nearest(synthetic, real)]
    return float(np.mean([is_nearer(kin, other) for kin, other in zip(alone, across, strict=True)]))
