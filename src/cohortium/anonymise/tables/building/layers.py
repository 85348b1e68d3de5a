"""A hierarchy from functions: each makes the name that a value has at one level."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cohortium.anonymise.tables.hierarchy import HIDDEN, MISSING, Hierarchy
from cohortium.errors import InvalidRequest


def layered(column: str, values: Sequence[str], layers: Sequence[Callable[[str], str]]) -> Hierarchy:
    """The values themselves, one level per layer, and a star.

    values : what stands in the column, each once or more often; ``MISSING`` stays by itself up to the star.
    Raises : InvalidRequest where there is no value, or a layer splits what the one below put together.
    """
    distinct = tuple(dict.fromkeys(values))
    if not distinct:
        raise InvalidRequest(
            f"The column '{column}' holds no values, so no hierarchy can be made of them. Leave it out."
        )
    rows = [[value, *_names(value, layers), HIDDEN] for value in distinct]
    return Hierarchy.from_rows(column, rows)


def _names(value: str, layers: Sequence[Callable[[str], str]]) -> list[str]:
    if value == MISSING:
        return [MISSING] * len(layers)
    return [layer(value) for layer in layers]


def as_numbers(column: str, values: Sequence[str]) -> dict[str, float]:
    """Each value but ``MISSING`` as a number.

    Raises : InvalidRequest telling how many are none.
    """
    numbers, wrong = {}, 0
    for value in dict.fromkeys(values):
        try:
            number = float(value) if value != MISSING else 0.0
        except ValueError:
            number = float("nan")
        if number - number != 0:  # neither a number nor finite
            wrong += 1
        elif value != MISSING:
            numbers[value] = number
    if wrong:
        raise InvalidRequest(
            f"{wrong} different values of '{column}' are no finite numbers. Choose another builder, or correct "
            "the values."
        )
    return numbers
