"""The levels on which all sites agreed."""

from __future__ import annotations

from cohortium.records import Column, Kind
from cohortium.records.table import BOOLEAN_LEVELS


def levels_of(column: Column) -> tuple[str, ...]:
    """The agreed levels of a nominal column."""
    return BOOLEAN_LEVELS if column.kind is Kind.BOOLEAN else column.levels or ()


def level_sets_of(column: Column) -> int:
    """How many values of a column are told apart: levels and missing; of a number, known and missing."""
    return len(levels_of(column)) + 1 if column.kind.is_nominal else 2
