"""Levels without order or meaning: the rarest are put together first, half of them from level to level."""

from __future__ import annotations

from collections.abc import Sequence

from cohortium.anonymise.tables.building.layers import layered
from cohortium.anonymise.tables.hierarchy import MISSING, Hierarchy

OTHER = "other"


def by_frequency(column: str, values: Sequence[str], counts: Sequence[int], *, fewest: int = 2) -> Hierarchy:
    """The more frequent half of the values keep their names at each level, down to ``fewest``; then a star.

    counts  : rows of each value.
    Raises  : InvalidRequest where there is no value.
    Reveals : which values are frequent in this table.
    """
    rows = dict(zip(values, counts, strict=True))
    known = sorted((value for value in rows if value != MISSING), key=lambda value: (-rows[value], value))
    other = OTHER
    while other in rows:
        other = f"({other})"
    layers, kept = [], (len(known) + 1) // 2
    while fewest <= kept < len(known) - 1:
        layers.append(frozenset(known[:kept]))
        kept = 0 if kept <= 2 else (kept + 1) // 2
    return layered(column, values, [lambda value, named=named: value if value in named else other for named in layers])  # type: ignore[misc]
