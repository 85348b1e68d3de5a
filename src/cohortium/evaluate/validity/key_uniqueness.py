"""Identifiers that identify."""

from __future__ import annotations

import numpy as np

from cohortium.errors import NotApplicable
from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.shares import by_column, share
from cohortium.records import Kind, Question, Role, Score, Table
from cohortium.registry import metric


@metric(
    "key_uniqueness",
    asks=Question.VALIDITY,
    title="Identifiers present and unique",
    better="higher",
    range=(0.0, 1.0),
    source="SDMetrics, KeyUniqueness",
)
def key_uniqueness(pair: Comparison, *, rng: np.random.Generator) -> Score:
    """Share of the synthetic identifiers that are there and, where the real ones never repeat, stand only once.

    Raises : NotApplicable where the synthetic table carries no identifier.
    """
    names = [
        column.name
        for column in pair.real.schema.columns
        if (column.kind is Kind.IDENTIFIER or column.has_role(Role.PERSON_KEY))
        and column.name in pair.synthetic.schema
        and not pair.synthetic.missing(column.name).all()
    ]
    if not names:
        raise NotApplicable("The synthetic table carries no identifier, which is the safest choice.")
    good, columns = 0, {}
    for name in names:
        codes = pair.synthetic.factorised(name)
        right = codes >= 0
        if _never_repeats(pair.real, name):
            first = np.zeros(len(codes), dtype=np.bool_)
            first[np.unique(codes, return_index=True)[1]] = True
            right &= first
        columns[name] = float(right.mean())
        good += int(right.sum())
    return share(good, len(names) * len(pair.synthetic), len(pair.synthetic), "identifiers", by_column(columns))


def _never_repeats(table: Table, name: str) -> bool:
    codes = table.factorised(name)
    known = codes[codes >= 0]
    return len(np.unique(known)) == len(known)
