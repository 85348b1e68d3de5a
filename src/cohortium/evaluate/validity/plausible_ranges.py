"""Synthetic numbers inside the range that the schema calls plausible."""

from __future__ import annotations

import numpy as np

from cohortium.errors import NotApplicable
from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.shares import by_column, share
from cohortium.records import Question, Score
from cohortium.registry import metric


@metric(
    "plausible_ranges",
    asks=Question.VALIDITY,
    title="Numbers that are clinically plausible",
    better="higher",
    range=(0.0, 1.0),
)
def plausible_ranges(pair: Comparison, *, rng: np.random.Generator) -> Score:
    """Share of the synthetic numbers within the smallest and largest plausible value that the schema states.

    Raises : NotApplicable where the schema states none.
    """
    good, counted, columns = 0, 0, {}
    stated = [c for c in pair.real.schema.modelled if c.kind.is_numeric and (c.minimum, c.maximum) != (None, None)]
    for column in stated:
        values = pair.synthetic.numeric(column.name)
        values = values[~np.isnan(values)]
        low = -np.inf if column.minimum is None else column.minimum
        high = np.inf if column.maximum is None else column.maximum
        inside = int(((values >= low) & (values <= high)).sum())
        columns[column.name] = inside / max(len(values), 1)
        good, counted = good + inside, counted + len(values)
    if not stated:
        raise NotApplicable("The schema states no plausible range; add 'minimum' and 'maximum' to its numeric columns.")
    return share(good, counted, len(pair.synthetic), "numbers", by_column(columns))
