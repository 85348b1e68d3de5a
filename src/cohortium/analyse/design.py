"""From columns to a matrix of covariates whose columns are the same at every site."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from cohortium.errors import InvalidRequest
from cohortium.records import Schema, Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

INTERCEPT = "(intercept)"


def term_names(schema: Schema, columns: Sequence[str]) -> tuple[str, ...]:
    """Names of the covariates: a number as it is, a nominal column as ``column[level]`` for all levels but the first.

    Raises : InvalidRequest where a column can be no covariate.
    """
    names: list[str] = []
    for name in columns:
        column = schema[name]
        if column.kind.is_numeric:
            names.append(name)
        elif column.kind.is_nominal:
            names += [f"{name}[{level}]" for level in levels_of(schema, name)[1:]]
        else:
            raise InvalidRequest(f"Column '{name}' is {column.kind}; it can be no covariate.")
    return tuple(names)


def levels_of(schema: Schema, name: str) -> tuple[str, ...]:
    """The agreed levels of a nominal column.

    Raises : InvalidRequest where it is not nominal or no levels were agreed on.
    """
    column = schema[name]
    if not column.kind.is_nominal:
        raise InvalidRequest(f"Column '{name}' is {column.kind}; a categorical, ordinal or boolean one was expected.")
    levels = ("false", "true") if column.levels is None else column.levels
    if not levels:
        raise InvalidRequest(f"Column '{name}' has no agreed levels; list them in the schema file.")
    return levels


def design(table: Table, columns: Sequence[str]) -> NDArray[np.float64]:
    """The covariates (n, p) in the order of ``term_names``; NaN where a value is missing."""
    blocks: list[NDArray[np.float64]] = []
    for name in columns:
        if table.schema[name].kind.is_numeric:
            blocks.append(table.numeric(name)[:, None])
            continue
        levels = levels_of(table.schema, name)
        codes = table.codes(name)[0]
        block = (codes[:, None] == np.arange(1, len(levels))).astype(np.float64)
        block[codes < 0] = np.nan
        blocks.append(block)
    return np.concatenate(blocks, axis=1) if blocks else np.zeros((len(table), 0))


def complete(table: Table, columns: Sequence[str]) -> Table:
    """The rows in which none of ``columns`` is missing."""
    known = np.ones(len(table), dtype=np.bool_)
    for name in columns:
        known &= ~table.missing(name)
    return table if known.all() else table.take(known)


def persons_in(table: Table) -> int:
    """How many different persons the rows belong to."""
    return len(np.unique(table.persons()))
