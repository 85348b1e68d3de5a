"""What one site counts of its persons beside a synthetic table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.errors import NotApplicable
from cohortium.evaluate.federated.stand_in import StandIn
from cohortium.evaluate.federated.yardstick import DISTANCES, Yardstick
from cohortium.numerics.neighbours import fingerprints
from cohortium.records import Survival, Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIDES = ("members", "held")
"""Persons whom the synthesiser saw, and persons who were held out from it."""

SCORE_BINS = 500


def judgement_sums(
    yardstick: Yardstick, stand_in: StandIn | None, members: Table, held: Table
) -> dict[str, NDArray[Any]]:
    """Additive counts of both kinds of persons of one site.

    stand_in : the model that learnt from the synthetic table; None where there is nothing to predict.
    Returns  : per side, those of ``attack_sums``, and ``cells`` of each column; ``pairs`` of coarse cells; ``products``
               of pairs of numbers; ``follow_up``; ``scores`` of the model.
    Reveals  : counts, some of few persons: for a secure sum.
    """
    found: dict[str, NDArray[Any]] = {}
    for side, table in zip(SIDES, (members, held), strict=True):
        matrix = yardstick.matrix(table)
        own = _attacked(yardstick, matrix) | {
            "cells": _cells(yardstick, matrix),
            **dict(zip(("pairs", "products"), pair_counts(yardstick, matrix), strict=True)),
            "follow_up": _follow_up(yardstick, table),
            "scores": np.zeros((0, 2, 0), np.int64) if stand_in is None else stand_in.counted(matrix, SCORE_BINS),
        }
        found |= {f"{name}.{side}": array for name, array in own.items()}
    return found


def attack_sums(yardstick: Yardstick, members: Table, held: Table) -> dict[str, NDArray[Any]]:
    """Those of the counts that attacks are judged by, which is all that is asked of further splits of the persons.

    Returns : per side, ``rows``; ``near``, distances to the nearest synthetic row; ``same``, rows that equal one.
    Reveals : counts, some of few persons: for a secure sum.
    """
    return {
        f"{name}.{side}": array
        for side, table in zip(SIDES, (members, held), strict=True)
        for name, array in _attacked(yardstick, yardstick.matrix(table)).items()
    }


def _attacked(yardstick: Yardstick, matrix: NDArray[np.float64]) -> dict[str, NDArray[Any]]:
    return {
        "rows": np.array(len(matrix)),
        "near": np.bincount(_distance_cells(yardstick.gaps(matrix)), minlength=len(DISTANCES)),
        "same": np.array(np.isin(fingerprints(matrix), fingerprints(yardstick.own)).sum()),
    }


def _distance_cells(gaps: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.searchsorted(DISTANCES, gaps, "right") - 1


def _cells(yardstick: Yardstick, matrix: NDArray[np.float64]) -> NDArray[np.int64]:
    """Rows in each cell of each column, one column after the other."""
    starts = np.concatenate([[0], np.cumsum(yardstick.widths)])
    return np.bincount((yardstick.codes(matrix) + starts[:-1]).ravel(), minlength=starts[-1])


def pair_counts(yardstick: Yardstick, matrix: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """What is counted of pairs of columns: combinations of coarse cells, and sums of products of numbers."""
    return _pairs(yardstick, matrix), _products(yardstick, matrix)


def pair_sizes(yardstick: Yardstick) -> NDArray[np.int64]:
    """(k,) number of combinations of each pair's coarse cells."""
    return np.asarray(yardstick.coarse_widths[yardstick.pairs].prod(axis=1))


def _pairs(yardstick: Yardstick, matrix: NDArray[np.float64]) -> NDArray[np.int64]:
    """Rows in each combination of coarse cells, one pair of columns after the other."""
    first, second = yardstick.pairs.T
    codes, widths = yardstick.coarse(matrix), yardstick.coarse_widths
    joint = codes[:, first] * widths[second] + codes[:, second]
    starts = np.concatenate([[0], np.cumsum(pair_sizes(yardstick))])
    return np.bincount((joint + starts[:-1]).ravel(), minlength=starts[-1])


def _products(yardstick: Yardstick, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """(k, 6) of the pairs of numbers: rows with both, and sums of x, y, xx, yy, xy in synthetic standard units.

    Rows beyond twenty standard units count as twenty, so that the sums stay within what a secure sum can hold.
    """
    with np.errstate(invalid="ignore"):
        scaled = np.clip((matrix - _centre(yardstick)) / _spread(yardstick), -20.0, 20.0)
    found = np.zeros((len(yardstick.pairs), 6))
    for place, (i, j) in enumerate(yardstick.pairs.tolist()):
        if yardstick.nominal[i] or yardstick.nominal[j]:
            continue
        x, y = scaled[:, i], scaled[:, j]
        both = ~(np.isnan(x) | np.isnan(y))
        x, y = x[both], y[both]
        found[place] = [both.sum(), x.sum(), y.sum(), x @ x, y @ y, x @ y]
    return found


def _centre(yardstick: Yardstick) -> NDArray[np.float64]:
    known = ~np.isnan(yardstick.own)
    found: NDArray[np.float64] = np.where(known, yardstick.own, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    return found


def _spread(yardstick: Yardstick) -> NDArray[np.float64]:
    away = np.where(np.isnan(yardstick.own), 0.0, yardstick.own - _centre(yardstick))
    found = np.sqrt((away**2).sum(axis=0) / np.maximum((~np.isnan(yardstick.own)).sum(axis=0), 1))
    return np.asarray(np.where(found > 0, found, 1.0))


def _follow_up(yardstick: Yardstick, table: Table) -> NDArray[np.int64]:
    """(2, t + 1) persons censored, and persons with the event, in each interval of follow-up."""
    try:
        times = yardstick.times
    except NotApplicable:
        return np.zeros((2, 0), np.int64)
    persons = Survival.of(table)
    cells = np.searchsorted(times, persons.durations, "left")
    return np.stack([np.bincount(cells[persons.events == kind], minlength=len(times) + 1) for kind in (False, True)])
