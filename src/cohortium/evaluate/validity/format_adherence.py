"""Synthetic values written the way the real ones are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cohortium.errors import NotApplicable
from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.shares import by_column, share
from cohortium.records import Kind, Question, Score, Table
from cohortium.registry import metric

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_DECIMALS = 6


@metric(
    "format_adherence",
    asks=Question.VALIDITY,
    title="Values of the right kind and precision",
    better="higher",
    range=(0.0, 1.0),
)
def format_adherence(pair: Comparison, *, rng: np.random.Generator) -> Score:
    """Share of the synthetic cells whose kind is the schema's and which carry no more decimals than real ones do.

    A column that stays of another kind counts as wrong in every cell; a float where whole numbers are recorded gives
    a synthetic table away at a glance.
    Raises : NotApplicable where the tables have no modelled column.
    """
    columns: dict[str, float] = {}
    good, counted = 0, 0
    for column in pair.real.schema.modelled:
        present = column.name in pair.synthetic.schema and pair.synthetic.schema[column.name].kind is column.kind
        known = len(pair.synthetic)
        right = known if present else 0
        if present and column.kind in (Kind.CONTINUOUS, Kind.DURATION):
            values = _known(pair.synthetic, column.name)
            digits = column.decimals if column.decimals is not None else _decimals(_known(pair.real, column.name))
            known, right = len(values), int(_fits(values, digits).sum())
        if known:
            columns[column.name] = right / known
        good, counted = good + right, counted + known
    if not pair.real.schema.modelled:
        raise NotApplicable("The schema has no column that a model may use.")
    return share(good, counted, len(pair.synthetic), "values", by_column(columns))


def _known(table: Table, name: str) -> NDArray[np.float64]:
    values = table.numeric(name)
    return values[np.isfinite(values)]


def _fits(values: NDArray[np.float64], digits: int) -> NDArray[np.bool_]:
    if digits >= _MOST_DECIMALS:
        return np.ones(len(values), dtype=np.bool_)
    scaled = values * 10.0**digits
    # Relative, because a large number cannot carry small decimals without rounding of its own.
    return np.abs(scaled - np.round(scaled)) <= 1e-6 * np.maximum(1.0, np.abs(scaled))


def _decimals(values: NDArray[np.float64]) -> int:
    """Decimals with which 99 of 100 real values are written."""
    for digits in range(_MOST_DECIMALS):
        if not len(values) or _fits(values, digits).mean() >= 0.99:
            return digits
    return _MOST_DECIMALS
