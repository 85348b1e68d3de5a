"""Strata: groups of records, by event or outcome, whose associations and marginals are learnt apart."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from cohortium.numerics.gaussian_mixture import Mixture
from cohortium.numerics.normal_scores import normal_cdf, normal_quantile
from cohortium.records import Role, Table
from cohortium.synthesise.tables.latent_space import Axis
from cohortium.synthesise.tables.marginal_codec import Marginal, edges_of

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


def worth_modelling(axis: Axis, wide: NDArray[np.bool_], cells: Integers, weights: Floats, least: float) -> bool:
    """Whether so many persons of a stratum differ on an axis that what goes with the difference can be learnt.

    wide  : (m,) which cells hold more than one value.
    cells : (n,) the cell of each record of the stratum, -1 where unknown.
    """
    mass = _mass(axis, cells, weights)
    return mass.sum() >= least and (bool(wide[mass.argmax()]) or float(mass.sum() - mass.max()) >= least)


def expected_shares(mixture: Mixture, place: int, axis: Axis) -> Floats:
    """Shares (m,) of the cells of an axis that the mixture of a stratum expects on its dimension ``place``.

    Those of the whole table where the stratum has not learnt the axis (-1).
    """
    if place < 0:
        return np.diff(axis.edges)
    sd = np.sqrt(mixture.covariances[:, place, place])
    standard = (normal_quantile(axis.edges)[:, None] - mixture.means[:, place]) / sd
    below = normal_cdf(standard) @ mixture.weights
    below[[0, -1]] = 0.0, 1.0
    return np.diff(below)


def stratum_edges(axis: Axis, cells: Integers, weights: Floats, expected: Floats, least: float, merge: bool) -> Floats:
    """Where the cells of an axis begin and end on the unit interval among the records of one stratum.

    merge : pool neighbouring cells until they hold ``least`` persons, as befits numbers; levels have no neighbours.
    """
    mass = _mass(axis, cells, weights)
    if not mass.any():
        return axis.edges
    return edges_of(pooled(mass, expected, least) if merge else mass)


def _mass(axis: Axis, cells: Integers, weights: Floats) -> Floats:
    known = cells >= 0
    return np.bincount(cells[known], weights[known], minlength=len(axis.edges) - 1).astype(np.float64)


def pooled(mass: Floats, usual: Floats, least: float) -> Floats:
    """``mass`` (m,) pooled over neighbouring cells until ``least``, and shared out again in proportion to ``usual``.

    Cells before the first and after the last that hold anything stay empty.
    """
    first, last = np.flatnonzero(mass)[[0, -1]]
    bounds, held = [int(first)], 0.0
    for cell in range(int(first), int(last) + 1):
        held += mass[cell]
        if held >= least:
            bounds.append(cell + 1)
            held = 0.0
    if len(bounds) == 1:
        bounds.append(int(last) + 1)
    bounds[-1] = int(last) + 1  # what is left over joins the last group
    answer = np.zeros_like(mass)
    for start, stop in itertools.pairwise(bounds):
        part = usual[start:stop] + 1e-12
        answer[start:stop] = mass[start:stop].sum() * part / part.sum()
    return answer
