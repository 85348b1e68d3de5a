"""Which records lie closest to which: coordinates for mixed columns, and exact nearest neighbours in blocks.

A numeric column becomes its mid-rank in [0, 1], a nominal one a corner of a simplex, so that two levels lie 1 apart
and two numbers as far as the share of records between them (Gower's idea, in Euclidean form).

Source : Gower 1971, Biometrics 27(4), for the scaling; the search is brute force by matrix products.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

DUMMIES = 250
"""Levels of one column that get a coordinate of their own, the most frequent first."""

WIDTH = 4_000
"""Coordinates that all nominal columns together may take before their rarer levels share coordinates."""

DIGITS, BASE = 4, 16
"""A rarer level is written as four digits to the base 16, scrambled, so that unlike levels rarely look alike."""

MISSING_APART = 0.7
"""How far "missing" lies from the middle of a numeric column."""

BLOCK_CELLS = 4_000_000


@dataclass(frozen=True, slots=True)
class Coordinates:
    """Tables as points.

    values : one float32 array (n_i, w) per table.
    column : (w,) the table's column that each coordinate belongs to.
    """

    values: tuple[NDArray[np.float32], ...]
    column: NDArray[np.int64]


def coordinates(
    tables: Sequence[NDArray[np.float64]], nominal: NDArray[np.bool_], scale: NDArray[np.float64]
) -> Coordinates:
    """Rows of mixed columns as points of one space.

    tables  : arrays (n_i, p), NaN where missing, codes in nominal columns.
    nominal : (p,) True where a column holds codes.
    scale   : (n, p) the records whose ranks are the scale of the numeric columns.
    """
    dummies = int(np.clip(WIDTH // max(int(nominal.sum()), 1), 2, DUMMIES))
    parts: list[list[NDArray[np.float32]]] = [[] for _ in tables]
    owners: list[int] = []
    for place, is_nominal in enumerate(nominal):
        columns = [table[:, place] for table in tables]
        blocks = _corners(columns, dummies) if is_nominal else _ranks(columns, scale[:, place])
        owners += [place] * blocks[0].shape[1]
        for part, block in zip(parts, blocks, strict=True):
            part.append(block)
    values = tuple(
        np.hstack(part) if part else np.zeros((len(table), 0), np.float32)
        for part, table in zip(parts, tables, strict=True)
    )
    return Coordinates(values, np.array(owners, dtype=np.int64))


def width(tables: Sequence[NDArray[np.float64]], nominal: NDArray[np.bool_]) -> int:
    """How many coordinates ``coordinates`` would make of these tables, at most."""
    dummies = int(np.clip(WIDTH // max(int(nominal.sum()), 1), 2, DUMMIES))
    total = 2 * int((~nominal).sum())
    for place in np.flatnonzero(nominal):
        levels = int(max((np.nanmax(table[:, place], initial=-1) for table in tables), default=-1)) + 2
        total += levels if levels <= dummies else dummies + DIGITS * BASE
    return max(total, 1)


def nearest(
    queries: NDArray[np.float32],
    references: NDArray[np.float32],
    k: int = 1,
    *,
    groups: tuple[NDArray[np.integer], NDArray[np.integer]] | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Distances and places (n, k) of the k nearest references of each query, the nearest first.

    groups  : group of each query and of each reference; neighbours of a query's own group do not count.
    Returns : distances are inf, and places -1, where there are fewer than k references. Equal rows are exactly 0 apart.
    """
    n, near = len(queries), min(k, len(references))
    distances = np.full((n, k), np.inf)
    places = np.full((n, k), -1, dtype=np.int64)
    if not near:
        return distances, places
    mine, theirs = groups or (np.full(n, -1, np.int64), np.full(len(references), -2, np.int64))
    # Products of rows far from the origin would lose the digits that tell them apart.
    middle = references.mean(axis=0)
    centred = references - middle
    lengths = np.einsum("ij,ij->i", centred, centred)
    step = max(1, BLOCK_CELLS // max(len(references), 4 * k * queries.shape[1]))
    for start in range(0, n, step):
        part = slice(start, start + step)
        products = (queries[part] - middle) @ centred.T
        found = _closest(products, lengths, mine[part].astype(np.int64), theirs.astype(np.int64), near)
        # They lose the last digits of short distances all the same; the few that count are taken again, exactly.
        gaps = queries[part][:, None, :] - references[np.maximum(found, 0)]
        exact = np.where(found < 0, np.inf, np.sqrt(np.einsum("ijk,ijk->ij", gaps, gaps, dtype=np.float64)))
        order = np.argsort(exact, axis=1, kind="stable")
        distances[part, :near] = np.take_along_axis(exact, order, axis=1)
        places[part, :near] = np.take_along_axis(found, order, axis=1)
    return distances, places


def fingerprints(rows: NDArray[np.float64]) -> NDArray[np.uint64]:
    """Numbers (n,) that are equal where rows (n, p) are, missing values included; unlike rows differ all but surely."""
    with np.errstate(over="ignore"):
        total = np.full(len(rows), 0x9E3779B97F4A7C15, dtype=np.uint64)
        for column in rows.T:
            # Adding 0 makes -0 into 0; every missing value is written with the same bits.
            bits = np.where(np.isnan(column), np.nan, column + 0.0).view(np.uint64)
            total = (total ^ bits) * np.uint64(0xBF58476D1CE4E5B9)
            total ^= total >> np.uint64(29)
            total *= np.uint64(0x94D049BB133111EB)
            total ^= total >> np.uint64(32)
    return total


def any_alike(
    queries: NDArray[np.float64], references: NDArray[np.float64], tolerance: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """True (n,) where a reference is within ``tolerance`` (p,) of the query in every column; missing equals missing."""
    return np.asarray(_any_alike(np.ascontiguousarray(queries), np.ascontiguousarray(references), tolerance))


@njit(cache=True, nogil=True)
def _any_alike(queries, references, tolerance):  # type: ignore[no-untyped-def]
    found = np.zeros(len(queries), np.bool_)
    for i in range(len(queries)):
        for j in range(len(references)):
            alike = True
            for place in range(len(tolerance)):
                a, b = queries[i, place], references[j, place]
                if not (abs(a - b) <= tolerance[place] or (np.isnan(a) and np.isnan(b))):
                    alike = False
                    break
            if alike:
                found[i] = True
                break
    return found


@njit(cache=True, nogil=True)
def _closest(products, lengths, mine, theirs, k):  # type: ignore[no-untyped-def]
    rows, columns = products.shape
    places = np.full((rows, k), -1, np.int64)
    for i in range(rows):
        best = np.full(k, np.inf, np.float32)
        for j in range(columns):
            gap = lengths[j] - np.float32(2.0) * products[i, j]
            if gap < best[k - 1] and mine[i] != theirs[j]:
                at = k - 1
                while at > 0 and best[at - 1] > gap:
                    best[at] = best[at - 1]
                    places[i, at] = places[i, at - 1]
                    at -= 1
                best[at] = gap
                places[i, at] = j
    return places


def _ranks(columns: Sequence[NDArray[np.float64]], scale: NDArray[np.float64]) -> list[NDArray[np.float32]]:
    known = np.sort(scale[~np.isnan(scale)])
    has_missing = any(np.isnan(column).any() for column in columns)
    blocks = []
    for column in columns:
        below = np.searchsorted(known, column, "left") + np.searchsorted(known, column, "right")
        missing = np.isnan(column)
        rank = np.where(missing, 0.5, below / max(2 * len(known), 1))
        parts = [rank, missing * MISSING_APART] if has_missing else [rank]
        blocks.append(np.column_stack(parts).astype(np.float32))
    return blocks


def _corners(columns: Sequence[NDArray[np.float64]], dummies: int) -> list[NDArray[np.float32]]:
    codes = [np.where(np.isnan(column), 0, column + 1).astype(np.int64) for column in columns]
    counts = np.bincount(np.concatenate(codes), minlength=1)
    order = np.argsort(-counts, kind="stable")
    place = np.empty(len(counts), dtype=np.int64)
    place[order] = np.arange(len(counts))
    own = min(len(counts), dummies)
    blocks = []
    for code in codes:
        at = place[code]
        block = np.zeros((len(code), own + (DIGITS * BASE if len(counts) > own else 0)), np.float32)
        common = np.flatnonzero(at < own)
        block[common, at[common]] = np.sqrt(0.5)
        rare = np.flatnonzero(at >= own)
        scrambled = (at[rare] * 40_503) % BASE**DIGITS
        for digit in range(DIGITS):
            value = scrambled // BASE**digit % BASE
            block[rare, own + digit * BASE + value] = np.sqrt(0.5 / DIGITS)
        blocks.append(block)
    return blocks
