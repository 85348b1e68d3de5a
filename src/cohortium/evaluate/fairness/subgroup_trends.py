"""Do columns hang together as well in every group?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cohortium.errors import TooFewRecords
from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.disclosure import SMALL_SUBGROUP
from cohortium.evaluate.fairness.subgroups import subgroups
from cohortium.evaluate.fidelity.codes import combinations
from cohortium.evaluate.fidelity.pair_trends import similarities
from cohortium.records import Question, Score
from cohortium.registry import metric

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_ROWS = 5_000
_MOST_PAIRS = 800


@metric(
    "subgroup_trends",
    asks=Question.FAIRNESS,
    title="Trends between pairs of columns in the worst subgroup",
    better="higher",
    range=(0.0, 1.0),
    source="SDMetrics, Column Pair Trends, by subgroup",
)
def subgroup_trends(pair: Comparison, *, rng: np.random.Generator) -> Score:
    """Trends, within each subgroup, of the pairs of columns that hang together among all real persons; the value is
    the worst subgroup's. On at most 5,000 rows and 800 pairs.

    Small subgroups score lower by chance: read it against the value on real persons.
    Raises : NotApplicable without a column of groups; TooFewRecords where no subgroup has
             thirty rows in both tables.
    """
    groups, nominal = subgroups(pair), pair.encoded.nominal
    pairs = combinations(len(nominal), 2, _MOST_PAIRS, rng)
    _, strong = similarities(_some(pair.real_matrix, rng), _some(pair.synthetic_matrix, rng), nominal, pairs)
    rows = []
    for group in groups.judged:
        real, synthetic = (_some(matrix[group.of(matrix)], rng) for matrix in (pair.real_matrix, pair.synthetic_matrix))
        if min(len(real), len(synthetic)) < SMALL_SUBGROUP:
            continue
        similar, _ = similarities(real, synthetic, nominal, pairs[strong])
        if not np.isnan(similar).all():
            rows.append(group.row(trend=round(float(np.nanmean(similar)), 4)))
    if not rows:
        raise TooFewRecords(f"No subgroup has {SMALL_SUBGROUP} rows in both tables and columns that hang together.")
    return Score(min(float(row["trend"]) for row in rows), n=len(pair.synthetic), detail=groups.detail(rows))


def _some(rows: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    return rows if len(rows) <= _MOST_ROWS else rows[rng.permutation(len(rows))[:_MOST_ROWS]]
