"""Synthetic numbers inside the range of the real ones."""

from __future__ import annotations

import numpy as np

from cohortium.errors import NotApplicable
from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.shares import by_column, share
from cohortium.records import Question, Score
from cohortium.registry import metric


@metric(
    "range_adherence",
    asks=Question.VALIDITY,
    title="Numbers within the range seen in real persons",
    better="higher",
    range=(0.0, 1.0),
    source="SDMetrics, BoundaryAdherence",
)
def range_adherence(pair: Comparison, *, rng: np.random.Generator) -> Score:
    """Share of the synthetic numbers that lie between the smallest and the largest real one of their column.

    Raises  : NotApplicable without a numeric column that has a real value.
    Reveals : shares; the smallest and largest values themselves are not shown.
    """
    good, counted, columns = 0, 0, {}
    for place in np.flatnonzero(~pair.encoded.nominal):
        real, synthetic = pair.real_matrix[:, place], pair.synthetic_matrix[:, place]
        synthetic = synthetic[~np.isnan(synthetic)]
        if np.isnan(real).all() or not len(synthetic):
            continue
        inside = int(((synthetic >= np.nanmin(real)) & (synthetic <= np.nanmax(real))).sum())
        columns[pair.encoded.names[place]] = inside / len(synthetic)
        good, counted = good + inside, counted + len(synthetic)
    if not columns:
        raise NotApplicable("Ranges need a numeric column with known values; there is none.")
    return share(good, counted, len(pair.synthetic), "numbers", by_column(columns))
