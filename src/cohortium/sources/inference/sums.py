"""Columns that are exact sums of others."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from cohortium.records import Kind, SumRule
from cohortium.sources.inference.draft import Draft

_SAMPLE = 400
_COLUMNS = 60
_ROWS = 30  # rows that know all values
_ACTIVE = 0.05  # share of rows in which each part is not zero
_RELATIONS = 5
_NEAR = 1e-9  # relative to the largest value: what adding floats may lose


def sum_rules(drafts: list[Draft]) -> tuple[SumRule, ...]:
    """``total = part + part ...`` that every row obeys exactly, each part varying and not always zero."""
    kinds = (Kind.INTEGER, Kind.CONTINUOUS, Kind.DURATION)
    columns = [draft for draft in drafts if draft.kind in kinds and draft.numbers is not None and draft.distinct > 2]
    columns = columns[:_COLUMNS]
    if len(columns) < 3:
        return ()
    values = np.column_stack([draft.values() for draft in columns])
    thin = values[:: max(1, len(values) // _SAMPLE)]
    rules: list[SumRule] = []
    totals: set[int] = set()
    for total, parts in itertools.chain(_of_two(thin), _of_several(thin)):
        if total in totals or not _holds(values, total, parts):
            continue
        totals.add(total)
        names = tuple(columns[part].name for part in parts)
        columns[total].why(f"It is the exact sum of {' and '.join(repr(name) for name in names)}.")
        rules.append(SumRule(columns[total].name, names, _NEAR * float(np.nanmax(np.abs(values[:, total])))))
    return tuple(rules)


def _of_two(thin: NDArray[np.float64]) -> list[tuple[int, tuple[int, ...]]]:
    """Pairs of columns whose sum is another column in the sample."""
    found: list[tuple[int, tuple[int, ...]]] = []
    scale = _NEAR * np.nanmax(np.abs(thin), axis=0, initial=1e-300)
    for left, right in itertools.combinations(range(thin.shape[1]), 2):
        gap = np.abs(thin - (thin[:, left] + thin[:, right])[:, None])
        fits = (~(gap > scale)).all(axis=0) & ((~np.isnan(gap)).sum(axis=0) >= min(_ROWS, len(thin)))
        found += [(int(total), (left, right)) for total in np.flatnonzero(fits) if total not in (left, right)]
    return found


def _of_several(thin: NDArray[np.float64]) -> list[tuple[int, tuple[int, ...]]]:
    """Sums of three or more columns: the linear relations of the sample whose weights are 0, 1 and one -1."""
    complete = thin[~np.isnan(thin).any(axis=1)]
    if len(complete) < 2 * thin.shape[1] + _ROWS:
        return []
    scale = np.maximum(np.abs(complete).max(axis=0), 1e-300)
    lengths, directions = np.linalg.eigh((complete / scale).T @ (complete / scale))
    null = directions[:, lengths <= 1e-12 * lengths[-1]].T / scale
    if not 1 <= len(null) <= _RELATIONS:
        return []
    found = []
    for relation in _reduced(null):
        weights = relation / np.abs(relation[np.argmax(np.abs(relation * scale))])
        used = np.flatnonzero(np.abs(weights * scale) > 1e-4 * np.abs(weights * scale).max())
        signs = np.sign(weights[used])
        if len(used) < 4 or not np.allclose(np.abs(weights[used]), 1, atol=1e-4):
            continue
        for sign in (1, -1):
            if (signs == sign).sum() == 1:
                found.append((int(used[signs == sign][0]), tuple(int(part) for part in used[signs != sign])))
    return found


def _reduced(basis: NDArray[np.float64]) -> NDArray[np.float64]:
    """Reduced row echelon form: each relation in as few columns as Gauss and Jordan get it."""
    rows = basis.copy()
    for row in range(len(rows)):
        pivot = int(np.argmax(np.abs(rows[row])))
        rows[row] /= rows[row, pivot]
        for other in range(len(rows)):
            if other != row:
                rows[other] -= rows[other, pivot] * rows[row]
    return rows


def _holds(values: NDArray[np.float64], total: int, parts: tuple[int, ...]) -> bool:
    chosen = values[:, (total, *parts)]
    chosen = chosen[~np.isnan(chosen).any(axis=1)]
    if len(chosen) < _ROWS:
        return False
    near = _NEAR * float(np.abs(chosen[:, 0]).max())
    exact = bool((np.abs(chosen[:, 0] - chosen[:, 1:].sum(axis=1)) <= near).all())
    active = (chosen[:, 1:] != 0).mean(axis=0) >= _ACTIVE
    return exact and bool(active.all()) and bool((chosen.std(axis=0) > 0).all())
