"""Codes told by ever fewer of their first characters: postcodes, and other codes that nest from left to right."""

from __future__ import annotations

from collections.abc import Sequence

from cohortium.anonymise.tables.building.layers import layered
from cohortium.anonymise.tables.hierarchy import MISSING, Hierarchy
from cohortium.errors import InvalidRequest


def prefixes(column: str, values: Sequence[str], keep: Sequence[int] | None = None, *, mask: str = "*") -> Hierarchy:
    """One level per number of characters kept, then a star.

    keep   : descending; every number from one less than the longest value down to 1 where None.
    mask   : stands for each character that is left out, or that a shorter code lacks.
    Raises : InvalidRequest where ``keep`` does not descend to 1 or more, or ``mask`` is not one character.
    """
    if len(mask) != 1:
        raise InvalidRequest(f"The mask of '{column}' must be one character.")
    longest = max((len(value) for value in values if value != MISSING), default=0)
    kept = list(range(longest - 1, 0, -1)) if keep is None else list(keep)
    if sorted(set(kept), reverse=True) != kept or any(one < 1 for one in kept):
        raise InvalidRequest(f"The numbers of characters kept in '{column}' must descend, such as 4, 3, 2, 1.")
    known = {value: value.ljust(longest, mask) for value in values}
    return layered(
        column,
        values,
        [lambda value, most=most: known[value][:most] + mask * (longest - most) for most in kept],  # type: ignore[misc]
    )
