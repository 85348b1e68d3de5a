"""Descriptions that fit exactly one row of a synthetic table, and how many real persons they fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

EQUALS, AT_MOST, AT_LEAST, MISSING = range(4)


@dataclass(frozen=True, slots=True)
class Condition:
    """A column's value ``relation`` value; the value says nothing where the relation is MISSING."""

    column: int
    relation: int
    value: float = 0.0


Predicate = tuple[Condition, ...]
"""Conditions that all have to hold."""


class Rows:
    """A table's rows by column, and the person that each belongs to."""

    def __init__(self, values: NDArray[np.float64], persons: NDArray[np.int32] | None = None) -> None:
        self.columns = [np.ascontiguousarray(column) for column in values.T]
        self.persons = np.arange(len(values)) if persons is None else persons
        self.one_row_each = persons is None or len(np.unique(persons)) == len(persons)

    def fits(self, predicate: Predicate) -> int:
        """How many persons a description fits."""
        hits = self._hits(predicate[0])
        for condition in predicate[1:]:
            hits = hits & self._hits(condition)
        if self.one_row_each:
            return int(np.count_nonzero(hits))
        return len(np.unique(self.persons[hits]))

    def _hits(self, condition: Condition) -> NDArray[np.bool_]:
        column = self.columns[condition.column]
        hits: NDArray[np.bool_]
        if condition.relation == EQUALS:
            hits = column == condition.value
        elif condition.relation == AT_MOST:
            hits = column <= condition.value
        elif condition.relation == AT_LEAST:
            hits = column >= condition.value
        else:
            hits = np.isnan(column)
        return hits


def of_one_column(
    synthetic: NDArray[np.float64], nominal: NDArray[np.bool_], most: int, rng: np.random.Generator
) -> list[Predicate]:
    """Values, and extremes, that stand once, and the only missing cell of a column; ``most`` of them at random."""
    found: list[Predicate] = []
    for place, is_nominal in enumerate(nominal):
        column = synthetic[:, place]
        known = column[~np.isnan(column)]
        if len(column) - len(known) == 1:
            found.append((Condition(place, MISSING),))
        values, counts = np.unique(known, return_counts=True)
        found += [(Condition(place, EQUALS, float(value)),) for value in values[counts == 1]]
        if not is_nominal and len(known):
            if counts[0] == 1:
                found.append((Condition(place, AT_MOST, float(values[0])),))
            if counts[-1] == 1:
                found.append((Condition(place, AT_LEAST, float(values[-1])),))
    return [found[place] for place in rng.permutation(len(found))[:most]]


def of_several_columns(
    synthetic: NDArray[np.float64],
    nominal: NDArray[np.bool_],
    most: int,
    rng: np.random.Generator,
    *,
    columns: int,
    attempts: int,
) -> list[Predicate]:
    """Descriptions of random rows by ``columns`` random columns that fit that row alone.

    Levels have to be equal; numbers have to lie as far out as the row's, on its side of the median. Fewer than ``most``
    are found where ``attempts`` rows were tried in vain.
    """
    rows = Rows(synthetic)
    with np.errstate(all="ignore"):
        medians = np.array([_median(column) for column in rows.columns])
    found: dict[Predicate, None] = {}
    for _ in range(attempts):
        row = synthetic[rng.integers(len(synthetic))]
        chosen = np.sort(rng.choice(len(nominal), min(columns, len(nominal)), replace=False))
        predicate = tuple(_as_far_out(int(place), row[place], bool(nominal[place]), medians[place]) for place in chosen)
        if predicate not in found and rows.fits(predicate) == 1:
            found[predicate] = None
            if len(found) == most:
                break
    return list(found)


def _as_far_out(place: int, value: float, is_nominal: bool, median: float) -> Condition:
    if np.isnan(value):
        return Condition(place, MISSING)
    if is_nominal:
        return Condition(place, EQUALS, float(value))
    return Condition(place, AT_LEAST if value > median else AT_MOST, float(value))


def _median(column: NDArray[np.float64]) -> float:
    known = column[~np.isnan(column)]
    return float(np.median(known)) if len(known) else 0.0
