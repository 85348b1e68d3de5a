"""Verbatim copies: synthetic rows that equal a training row in every column."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.privacy.line_up import held_out, most_synthetic, require_columns
from cohortium.numerics.intervals import difference, wilson
from cohortium.numerics.neighbours import fingerprints
from cohortium.records import Question, Score
from cohortium.registry import metric

if TYPE_CHECKING:
    from numpy.typing import NDArray


@metric(
    "identical_share",
    asks=Question.COPIES,
    title="Synthetic rows identical to a training row",
    better="lower",
    range=(0.0, 1.0),
    ideal=0.0,
    source="SDMetrics, NewRowSynthesis; numbers at six significant digits",
)
def identical_share(pair: Comparison, *, rng: np.random.Generator) -> Score:
    """Share of synthetic rows that equal some training person's row in every column.

    Its reference is the share of real, held-out persons who do: with few columns of few values, many persons are alike.
    """
    require_columns(pair)
    most_synthetic(pair)
    synthetic = fingerprints(pair.synthetic_matrix)
    same = np.isin(synthetic, fingerprints(pair.real_matrix))
    found = wilson(float(same.sum()), len(same))
    return Score(found.value, found.low, found.high, n=len(same))


@metric(
    "identical_excess",
    asks=Question.COPIES,
    title="Copies beyond those that arise by chance",
    better="lower",
    range=(-1.0, 1.0),
    ideal=0.0,
    needs=("holdout",),
    source="share identical to a training row less share identical to a held-out row, for equally many real rows",
)
def identical_excess(pair: Comparison, *, rng: np.random.Generator) -> Score:
    """Share of synthetic rows that equal a training row, less the share that equal a held-out person's row; 0 is best.

    A share above 0 means copying: people alike by chance are alike in both tables. Where fewer persons are held out,
    the training rows count as if only as many had been drawn, and the difference is scaled up again.
    """
    holdout = held_out(pair)
    most_synthetic(pair)
    synthetic = fingerprints(pair.synthetic_matrix)
    n, m = len(pair.real), len(holdout)
    size = min(n, m)
    inside = _chance(synthetic, fingerprints(pair.real_matrix), size)
    outside = _chance(synthetic, fingerprints(pair.holdout_matrix), size)
    gap = difference(inside.sum(), len(synthetic), outside.sum(), len(synthetic))
    scale = n / size
    bounds = [min(max(bound * scale, -1.0), 1.0) for bound in (gap.value, gap.low, gap.high)]
    detail = {"training": round(float(inside.mean()), 6), "held_out": round(float(outside.mean()), 6)}
    return Score(bounds[0], bounds[1], bounds[2], n=len(synthetic), detail=detail)


def _chance(synthetic: NDArray[np.uint64], real: NDArray[np.uint64], size: int) -> NDArray[np.float64]:
    """Chance that each synthetic row is among ``size`` of the real rows, drawn without replacement."""
    values, counts = np.unique(real, return_counts=True)
    place = np.minimum(np.searchsorted(values, synthetic), len(values) - 1)
    twins = np.where(values[place] == synthetic, counts[place], 0)
    if size == len(real):
        return (twins > 0).astype(np.float64)
    # No twin is drawn with chance C(n - c, size) / C(n, size), close to (1 - size / n)^c.
    return np.asarray(1 - (1 - size / len(real)) ** twins.astype(np.float64))
