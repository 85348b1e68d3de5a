"""Micro-aggregation: rows in groups of at least k, each told the average of its group.

Over the columns that were aggregated together, every row then equals at least k - 1 others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cohortium.anonymise.tables.transform.best_groups import best_groups
from cohortium.anonymise.tables.transform.columns import check_names, with_codes, with_numbers
from cohortium.anonymise.tables.transform.nearest_groups import nearest_groups
from cohortium.errors import InvalidRequest
from cohortium.records import Kind, Table

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Microaggregated:
    """A table whose rows were put together, and which rows were.

    groups : (n,) group of each row.
    loss   : squared error within groups over that of the table (SSE / SST) in the scaled numeric columns, 0 to 1; 0
             where there are none.
    """

    table: Table
    groups: NDArray[np.int64]
    loss: float


def microaggregate(table: Table, columns: Sequence[str], k: int) -> Microaggregated:
    """Groups of k to 2k - 1 rows that are alike in ``columns``: the mean of numbers, the median of ordered levels,
    the most frequent of others.

    A group in which most rows lack a value lacks it as a whole, else all have it. One numeric column is grouped with
    the least possible error, several by MDAV; there, columns weigh the same: two random rows differ by 1 in each.
    Raises  : InvalidRequest, TooFewRecords.
    Reveals : averages over k rows; who knows k - 1 of them knows the last.
    """
    check_names(table, columns)
    numeric = [name for name in columns if table.schema[name].kind.is_numeric]
    nominal = [name for name in columns if table.schema[name].kind.is_nominal]
    if len(numeric) + len(nominal) < len(columns):
        raise InvalidRequest("Only numbers, dates and levels have averages; leave texts, identifiers and images out.")
    points, gaps = _points(table, [*numeric, *(name for name in nominal if _is_ordered(table, name))])
    levels, weights = _levels(table, [name for name in nominal if not _is_ordered(table, name)], gaps)
    if points.shape[1] == 1 and not levels.shape[1]:
        groups = best_groups(points[:, 0], k)
    else:
        groups = nearest_groups(points, levels, weights, k)
    numbers = {name: _averages(table.numeric(name), groups) for name in numeric}
    codes = {name: (_usual(table, name, groups), table.codes(name)[1]) for name in nominal}
    loss = _loss(points[:, : len(numeric)], groups)
    return Microaggregated(with_codes(with_numbers(table, numbers), codes), groups, loss)


def _is_ordered(table: Table, name: str) -> bool:
    return table.schema[name].kind is Kind.ORDINAL


def _points(table: Table, names: Sequence[str]) -> tuple[NDArray[np.float64], list[NDArray[np.int32]]]:
    """(n, d) scaled numbers, missing ones at the mean; and for each column with missing values, where they are."""
    points, gaps = np.zeros((len(table), len(names))), []
    for place, name in enumerate(names):
        codes = None if table.schema[name].kind.is_numeric else table.codes(name)[0]
        values = table.numeric(name) if codes is None else np.where(codes < 0, np.nan, codes.astype(np.float64))
        absent = np.isnan(values)
        if absent.any():
            gaps.append(absent.astype(np.int32))
        known = values[~absent]
        spread = float(known.std()) if len(known) else 0.0
        if spread > 0:
            points[~absent, place] = (known - known.mean()) / (spread * np.sqrt(2.0))
    return points, gaps


def _levels(
    table: Table, names: Sequence[str], gaps: Sequence[NDArray[np.int32]]
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """(n, q) codes from 0, and (q,) what a difference in each weighs."""
    found = [table.codes(name)[0] + 1 for name in names] + list(gaps)
    if not found:
        return np.zeros((len(table), 0), dtype=np.int32), np.zeros(0)
    shares = [np.bincount(codes) / len(codes) for codes in found]
    differ = np.array([1.0 - float((share**2).sum()) for share in shares])
    return np.stack(found, axis=1).astype(np.int32), 1.0 / np.where(differ > 0, differ, 1.0)


def _averages(values: NDArray[np.float64], groups: NDArray[np.int64]) -> NDArray[np.float64]:
    absent = np.isnan(values)
    number = int(groups.max()) + 1
    centre = float(np.nanmean(values)) if not absent.all() else 0.0
    known = np.bincount(groups, weights=~absent, minlength=number)
    total = np.bincount(groups, weights=np.where(absent, 0.0, values - centre), minlength=number)
    size = np.bincount(groups, minlength=number)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = np.where(2 * known >= size, total / known + centre, np.nan)
    return np.asarray(means[groups])


def _usual(table: Table, name: str, groups: NDArray[np.int64]) -> NDArray[np.int32]:
    """The level of each row's group: the median of ordered ones, else the most frequent, the first of several."""
    codes, levels = table.codes(name)
    counts = np.zeros((int(groups.max()) + 1, len(levels) + 1), dtype=np.int64)
    np.add.at(counts, (groups, codes + 1), 1)
    best = counts[:, 1:].argmax(axis=1) if len(levels) else np.full(len(counts), -1)
    if _is_ordered(table, name) and len(levels):
        known = counts[:, 1:].sum(axis=1, keepdims=True)
        best = (2 * counts[:, 1:].cumsum(axis=1) >= known).argmax(axis=1)
    best = np.where(2 * counts[:, 0] > counts.sum(axis=1), -1, best)
    return best.astype(np.int32)[groups]


def _loss(points: NDArray[np.float64], groups: NDArray[np.int64]) -> float:
    total = float(((points - points.mean(axis=0)) ** 2).sum()) if points.size else 0.0
    if total == 0:
        return 0.0
    means = np.stack([_averages(column, groups) for column in points.T], axis=1)
    return float(((points - means) ** 2).sum()) / total
