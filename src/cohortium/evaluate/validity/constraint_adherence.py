"""Rows that keep the rules."""

from __future__ import annotations

import numpy as np

from cohortium.errors import NotApplicable
from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.shares import share
from cohortium.records import Question, Score
from cohortium.registry import metric


@metric(
    "constraint_adherence",
    asks=Question.VALIDITY,
    title="Rows that keep every rule of the schema",
    better="higher",
    range=(0.0, 1.0),
)
def constraint_adherence(pair: Comparison, *, rng: np.random.Generator) -> Score:
    """Share of synthetic rows that break none of the schema's constraints.

    Raises : NotApplicable where the schema has no constraint on columns that both tables have.
    """
    rules = [rule for rule in pair.real.schema.constraints if set(rule.columns) <= set(pair.synthetic.schema.names)]
    if not rules:
        raise NotApplicable("The schema states no rule on these columns.")
    broken = np.zeros(len(pair.synthetic), dtype=np.bool_)
    kept = {}
    for rule in rules:
        violated = rule.violated(pair.synthetic)
        broken |= violated
        kept[str(rule)] = 1.0 - float(violated.mean()) if len(violated) else 1.0
    good = int((~broken).sum())
    return share(
        good, len(broken), len(broken), "rows", {"rules": dict(sorted(kept.items(), key=lambda item: item[1]))}
    )
