"""Pairs of columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cohortium.errors import NotApplicable
from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.fidelity.codes import combinations
from cohortium.numerics.associations import cramers_v, pair_correlations
from cohortium.numerics.discretise import coded, equal_width_cuts, level_codes
from cohortium.numerics.divergences import code_distance, joint_codes
from cohortium.records import Question, Score
from cohortium.registry import metric

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_PAIRS = 4_000
STRONG_CORRELATION = 0.5
STRONG_ASSOCIATION = 0.3


@metric(
    "pair_trends",
    asks=Question.JOINT,
    title="Trends between pairs of columns that hang together",
    better="higher",
    range=(0.0, 1.0),
    source="SDMetrics 0.32, Column Pair Trends (CorrelationSimilarity, ContingencySimilarity)",
)
def pair_trends(pair: Comparison, *, rng: np.random.Generator) -> Score:
    """Mean, over pairs of columns that hang together in real persons, of how alike the synthetic relation is.

    Two numbers: 1 minus half the difference of their correlations. Any other pair: 1 minus half the summed gap between
    the shares of their combinations, numbers in ten equally wide bins. A pair counts where the real correlation is
    beyond 0.5, or Cramér's V beyond 0.3: the many unrelated pairs would hide the others. More than 4,000 are sampled.
    ``detail`` has the mean over all pairs too.
    Raises : NotApplicable where no pair hangs together.
    """
    pairs = combinations(len(pair.encoded.names), 2, _MOST_PAIRS, rng)
    similar, strong = similarities(pair.real_matrix, pair.synthetic_matrix, pair.encoded.nominal, pairs)
    if not strong.any():
        raise NotApplicable("No pair of columns hangs together in real persons (correlation 0.5, Cramér's V 0.3).")
    names = pair.encoded.names
    worst = [place for place in np.argsort(similar, kind="stable") if strong[place]][:10]
    detail = {
        "pairs": [[names[pairs[k][0]], names[pairs[k][1]], round(float(similar[k]), 6)] for k in worst],
        "strong_pairs": int(strong.sum()),
        "all_pairs": round(float(np.nanmean(similar)), 6),
    }
    return Score(float(similar[strong].mean()), n=len(pair.synthetic), detail=detail)


def similarities(
    real: NDArray[np.float64], synthetic: NDArray[np.float64], nominal: NDArray[np.bool_], pairs: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """How alike each pair of columns is in both tables, NaN where undefined; whether it hangs together in real ones.

    pairs : (k, 2) numbers of columns.
    """
    numeric = ~(nominal[pairs[:, 0]] | nominal[pairs[:, 1]])
    correlations = np.full((2, len(pairs)), np.nan)
    for side, matrix in enumerate((real, synthetic)):
        correlations[side, numeric] = pair_correlations(matrix, pairs[numeric])
    codes, sizes = _codes(real, synthetic, nominal)
    similar, strong = np.full(len(pairs), np.nan), np.zeros(len(pairs), dtype=np.bool_)
    for place, (i, j) in enumerate(pairs.tolist()):
        if not numeric[place]:
            joint = [joint_codes(part[:, [i, j]], sizes[[i, j]]) for part in codes]
            similar[place] = 1.0 - code_distance(joint[0], joint[1], int(sizes[i] * sizes[j]))
            strong[place] = cramers_v(codes[0][:, i], codes[0][:, j], corrected=False) > STRONG_ASSOCIATION
        else:
            similar[place] = 1.0 - abs(correlations[0, place] - correlations[1, place]) / 2.0
            strong[place] = abs(correlations[0, place]) > STRONG_CORRELATION
    return similar, strong & ~np.isnan(similar)


def _codes(
    real: NDArray[np.float64], synthetic: NDArray[np.float64], nominal: NDArray[np.bool_]
) -> tuple[list[NDArray[np.int64]], NDArray[np.int64]]:
    codes = [np.empty(matrix.shape, dtype=np.int64, order="F") for matrix in (real, synthetic)]
    sizes = np.empty(len(nominal), dtype=np.int64)
    for place, is_nominal in enumerate(nominal):
        cuts = equal_width_cuts(real[:, place])
        for part, matrix in zip(codes, (real, synthetic), strict=True):
            values = matrix[:, place]
            part[:, place] = level_codes(values) if is_nominal else coded(values, cuts)
        sizes[place] = max(part[:, place].max(initial=0) for part in codes) + 1
    return codes, sizes
