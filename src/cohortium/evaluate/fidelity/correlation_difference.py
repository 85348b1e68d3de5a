"""How strongly columns hang together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cohortium.errors import NotApplicable
from cohortium.evaluate.comparison import Comparison
from cohortium.numerics.associations import association_matrix
from cohortium.records import Question, Score
from cohortium.registry import metric

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_ROWS = 20_000
_MOST_COLUMNS = 120


@metric(
    "correlation_difference",
    asks=Question.JOINT,
    title="Difference between the two matrices of associations",
    better="lower",
    range=(0.0, 2.0),
    source="Spearman; correlation ratio (Kelley 1935); Cramér's V (Bergsma 2013)",
)
def correlation_difference(pair: Comparison, *, rng: np.random.Generator) -> Score:
    """Mean absolute difference of the associations of all pairs of columns: rank correlation between numbers,
    correlation ratio between levels and numbers, Cramér's V between levels.

    At most 120 columns, drawn at random, and 20,000 rows. ``detail`` carries both matrices, for a heat map.
    Raises : NotApplicable where no pair of columns varies in both tables.
    """
    names = pair.encoded.names
    places = np.arange(len(names))
    if len(places) > _MOST_COLUMNS:
        places = np.sort(rng.choice(len(names), _MOST_COLUMNS, replace=False))
    nominal = pair.encoded.nominal[places]
    matrices = [
        association_matrix(_some(matrix, rng)[:, places], nominal)
        for matrix in (pair.real_matrix, pair.synthetic_matrix)
    ]
    apart = np.abs(matrices[0] - matrices[1])[np.triu_indices(len(places), 1)]
    if not len(apart) or np.isnan(apart).all():
        raise NotApplicable("There is no pair of columns that vary in both tables.")
    detail = {
        "names": [names[place] for place in places],
        "real": _plain(matrices[0]),
        "synthetic": _plain(matrices[1]),
    }
    return Score(float(np.nanmean(apart)), n=len(pair.synthetic), detail={"matrices": detail})


def _some(matrix: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    return matrix if len(matrix) <= _MOST_ROWS else matrix[rng.permutation(len(matrix))[:_MOST_ROWS]]


def _plain(matrix: NDArray[np.float64]) -> list[list[float | None]]:
    return [[None if np.isnan(value) else round(float(value), 4) for value in line] for line in matrix]
