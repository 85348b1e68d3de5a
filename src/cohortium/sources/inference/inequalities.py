"""Columns that never exceed another one: admission and discharge, first and last, part and whole."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cohortium.records import Inequality, Kind
from cohortium.sources.inference.draft import Draft
from cohortium.sources.inference.names import words

_SAMPLE = 2000
_COLUMNS = 120
_ROWS = 30  # rows that know both values
_BREAKS = 20.0  # violations expected of independent columns
_SHARE = 0.05  # and their share among rows of numbers, whose ranges may only touch at their ends
_CORRELATION = 0.3  # of columns whose names have nothing in common
_BOUNDS = frozenset(
    [
        "start",
        "stop",
        "begin",
        "end",
        "first",
        "last",
        "min",
        "max",
        "lower",
        "upper",
        "low",
        "high",
        "entry",
        "exit",
        "tstart",
        "tstop",
        "from",
        "until",
    ]
)
_FAMILIES = ((Kind.DATE,), (Kind.DATETIME,), (Kind.INTEGER, Kind.CONTINUOUS, Kind.DURATION))


def inequalities(drafts: list[Draft]) -> tuple[Inequality, ...]:
    """``a <= b`` that every row obeys although the two ranges overlap, without those that follow from others.

    Dates need no more than that. Numbers must share a unit or a word of their names, or rise together in many rows:
    quantities of different nature may keep apart by chance.
    """
    rules: list[Inequality] = []
    for family in _FAMILIES:
        columns = [draft for draft in drafts if draft.kind in family and draft.distinct > 2][:_COLUMNS]
        columns = [draft for draft in columns if draft.numbers is not None]
        columns = _without_copies(columns)
        found = _pairs(columns, dates=Kind.DATE in family or Kind.DATETIME in family)
        kept = {
            (low, high)
            for low, high in found
            if not any((low, middle) in found and (middle, high) in found for middle in range(len(columns)))
        }
        for low, high in sorted(kept):
            columns[low].why(f"It never exceeds '{columns[high].name}' in the rows that have both.")
            rules.append(Inequality(columns[low].name, "<=", columns[high].name))
    return tuple(rules)


def _without_copies(columns: list[Draft]) -> list[Draft]:
    """Without columns that repeat an earlier one value by value."""
    kept: list[Draft] = []
    for draft in columns:
        values = draft.values()
        if not any(np.array_equal(values, other.values(), equal_nan=True) for other in kept):
            kept.append(draft)
    return kept


def _pairs(columns: list[Draft], *, dates: bool) -> set[tuple[int, int]]:
    values = [draft.values() for draft in columns]
    step = max(1, len(values[0]) // _SAMPLE) if values else 1
    thin = [column[::step] for column in values]
    found = set()
    for low in range(len(columns)):
        for high in range(len(columns)):
            if low == high or (high, low) in found or not _comparable(columns[low], columns[high]):
                continue
            if (thin[low] > thin[high]).any():
                continue
            related = dates or columns[low].unit is not None or _alike(columns[low].name, columns[high].name)
            if _is_rule(values[low], values[high], related=related, dates=dates):
                found.add((low, high))
    return found


def _comparable(left: Draft, right: Draft) -> bool:
    """One unit; without units also one kind, because a count and a measurement are of different nature."""
    return left.unit == right.unit and (
        left.unit is not None or left.kind is right.kind or Kind.DURATION in _kinds(left, right)
    )


def _alike(left: str, right: str) -> bool:
    """Whether two names share a word, or end alike, as ptime and futime do."""
    ours, theirs = words(left), words(right)
    if not (_BOUNDS.isdisjoint(ours) or _BOUNDS.isdisjoint(theirs)):
        return True
    shared = any(len(word) > 2 for word in set(ours) & set(theirs))
    return shared or (bool(ours and theirs) and len(ours[-1]) > 4 and ours[-1][-4:] == theirs[-1][-4:])


def _kinds(left: Draft, right: Draft) -> tuple[Kind, Kind]:
    return left.kind, right.kind


def _is_rule(low: NDArray[np.float64], high: NDArray[np.float64], *, related: bool, dates: bool) -> bool:
    known = ~(np.isnan(low) | np.isnan(high))
    low, high = low[known], high[known]
    if len(low) < _ROWS or (low > high).any() or not (low < high).any():
        return False
    breaks = float((np.searchsorted(np.sort(high), low, side="left") / len(low)).mean())
    if breaks * len(low) < (_BREAKS if related else 10 * _BREAKS):
        return False
    return dates or (breaks >= _SHARE and (related or _correlation(low, high) >= _CORRELATION))


def _correlation(left: NDArray[np.float64], right: NDArray[np.float64]) -> float:
    """Correlation of the ranks."""
    ranks = [np.unique(values, return_inverse=True)[1].astype(np.float64) for values in (left, right)]
    if any(rank.std() == 0 for rank in ranks):
        return 0.0
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])
