"""Strata: groups of records, by event or outcome, whose relations and marginals are learnt apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cohortium.records import Role, Schema, Table
from cohortium.synthesise.tables.marginal_codec import Marginal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

MOST_STRATA = 12


def strata_of(table: Table, marginals: tuple[Marginal, ...], weights: Floats, least: float) -> tuple[Integers, str]:
    """The stratum of every record (n,), counted from 0, and the name of the column that tells them apart, or "".

    least : persons that an outcome's level needs for a stratum of its own. Half of them do for an event, without which
            its survival curve would be lost. Levels with fewer share one stratum, or join the largest.
    """
    marginal, share = stratifying(table.schema, marginals)
    together = np.zeros(len(table), dtype=np.int64)
    if marginal is None:
        return together, ""
    cells = marginal.cells(marginal.read(table)) + 1
    mass = np.bincount(cells, weights, minlength=len(marginal.shares) + 1).astype(np.float64)
    number = stratum_numbers(mass, least * share)
    return (together, "") if number is None else (number[cells], marginal.column.name)


def stratifying(schema: Schema, marginals: tuple[Marginal, ...]) -> tuple[Marginal | None, float]:
    """The column whose levels may be strata, if there is one, and which part of the usual persons each needs."""
    event = schema.only(Role.EVENT) if schema.only(Role.TIME) else None
    column = event or schema.only(Role.OUTCOME)
    marginal = next((own for own in marginals if column is not None and own.column.name == column.name), None)
    if marginal is None or (marginal.levels is None and (marginal.low < marginal.high).any()):
        return None, 1.0
    return marginal, 0.5 if event else 1.0


def stratum_numbers(mass: Floats, needed: float) -> Integers | None:
    """The stratum of each cell of a column with these persons (m,); None where fewer than two are large enough."""
    large = np.flatnonzero(mass >= needed)[:MOST_STRATA]
    if len(large) < 2:
        return None
    number = np.full(len(mass), -1)
    number[large] = np.arange(len(large))
    others = mass[number < 0].sum()
    number[number < 0] = len(large) if others >= needed else mass[large].argmax()
    return number
