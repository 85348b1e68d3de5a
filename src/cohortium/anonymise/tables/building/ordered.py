"""Ordered levels, joined with their neighbours two by two."""

from __future__ import annotations

from collections.abc import Sequence

from cohortium.anonymise.tables.building.layers import layered
from cohortium.anonymise.tables.hierarchy import MISSING, Hierarchy
from cohortium.errors import InvalidRequest


def halves(column: str, values: Sequence[str], order: Sequence[str]) -> Hierarchy:
    """Neighbours joined in twos, fours, eights ... until one is left, which is the star.

    order  : all levels from lowest to highest; may have more than the values.
    Raises : InvalidRequest where the order lacks values, or names one twice.
    """
    place = {level: at for at, level in enumerate(order)}
    missed = len(set(values) - set(place) - {MISSING})
    if missed or len(place) != len(order):
        raise InvalidRequest(
            f"The order of '{column}' must name every level once; it misses {missed} of them, and "
            f"{len(order) - len(place)} stand twice."
        )
    layers = []
    size = 2
    while size < len(order):
        names = {level: _name(order, at // size * size, size) for level, at in place.items()}
        layers.append(names)
        size *= 2
    return layered(column, values, [names.__getitem__ for names in layers])


def _name(order: Sequence[str], start: int, size: int) -> str:
    end = min(start + size, len(order)) - 1
    return order[start] if end == start else f"{order[start]} to {order[end]}"
