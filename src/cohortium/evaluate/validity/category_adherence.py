"""Synthetic levels that exist."""

from __future__ import annotations

import numpy as np

from cohortium.errors import NotApplicable
from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.shares import by_column, share
from cohortium.records import Question, Score
from cohortium.registry import metric


@metric(
    "category_adherence",
    asks=Question.VALIDITY,
    title="Levels that exist",
    better="higher",
    range=(0.0, 1.0),
    source="SDMetrics, CategoryAdherence",
)
def category_adherence(pair: Comparison, *, rng: np.random.Generator) -> Score:
    """Share of the synthetic levels that a real person has, or that the schema lists.

    Raises : NotApplicable without a nominal column.
    """
    good, counted, columns = 0, 0, {}
    for place in np.flatnonzero(pair.encoded.nominal):
        name, levels = pair.encoded.names[place], pair.encoded.levels[place]
        synthetic = pair.synthetic_matrix[:, place]
        synthetic = synthetic[~np.isnan(synthetic)]
        if not len(synthetic):
            continue
        listed = set(pair.real.schema[name].levels or ())
        allowed = np.isin(np.arange(len(levels)), pair.real_matrix[:, place]) | [level in listed for level in levels]
        inside = int(allowed[synthetic.astype(np.int64)].sum())
        columns[name] = inside / len(synthetic)
        good, counted = good + inside, counted + len(synthetic)
    if not columns:
        raise NotApplicable("Levels need a nominal column with known values; there is none.")
    return share(good, counted, len(pair.synthetic), "levels", by_column(columns))
