"""Strata: groups of records, by event or outcome, whose relations and marginals are learnt apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cohortium.records import Role, Table
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
    event = table.schema.only(Role.EVENT) if table.schema.only(Role.TIME) else None
    column = event or table.schema.only(Role.OUTCOME)
    marginal = next((own for own in marginals if column is not None and own.column.name == column.name), None)
    together = np.zeros(len(table), dtype=np.int64)
    if marginal is None or (marginal.levels is None and (marginal.low < marginal.high).any()):
        return together, ""
    needed = least / 2.0 if event else least
    cells = marginal.cells(marginal.read(table)) + 1
    mass = np.bincount(cells, weights, minlength=len(marginal.shares) + 1)
    large = np.flatnonzero(mass >= needed)[:MOST_STRATA]
    if len(large) < 2:
        return together, ""
    number = np.full(len(mass), -1)
    number[large] = np.arange(len(large))
    others = mass[number < 0].sum()
    number[number < 0] = len(large) if others >= needed else mass[large].argmax()
    return number[cells], marginal.column.name
