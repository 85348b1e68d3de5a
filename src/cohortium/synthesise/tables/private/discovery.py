"""What the values of a column are, learnt through noisy counts alone.

Levels that the schema lists are public; others are found where enough persons carry them. Numbers are found in four
steps, each a noisy histogram: heaped single values, the scale (ranges between powers of two, or years), and the ranges
again after crowded ones were divided, twice.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from cohortium.privacy.mechanisms import Curator
from cohortium.records import Column, Kind, Table
from cohortium.records.table import BOOLEAN_LEVELS
from cohortium.synthesise.tables.private.columns import in_steps, pieces_of, step_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

PURPOSE = "values of columns"
MOST_HEAPS = 256
PIECES = 128
"""Crowded ranges are divided until about this many hold equally many persons."""
_HEAPS, _SCALE, _FIRST = (
    Fraction(15, 100),
    Fraction(25, 100),
    Fraction(20, 100),
)  # of a column's rho; the last count: rest
_FINEST, _COARSEST = -40, 60  # powers of two between which numbers without a known range are looked for
_WINDOWS = (2, 4, 8)
_YEARS = range(1900, 2101)
_DAYS_A_YEAR, _SECONDS_A_DAY = 365.2425, 86_400.0


@dataclass(frozen=True, slots=True)
class Pieces:
    """The fine pieces of one column, in the order of ``PrivateColumn``: "missing" is the last.

    counts   : (p,) noisy counts.
    variance : of their noise.
    unlisted : noisy count of rows that stand in no piece; NaN where it was not asked for.
    remark   : what a person should know; empty where there is nothing.
    """

    column: Column
    counts: Floats
    variance: float
    edges: Floats
    levels: tuple[str, ...]
    unlisted: float = 0.0
    remark: str = ""


def discover(table: Table, column: Column, curator: Curator, rho: Fraction, delta: Fraction) -> Pieces:
    """The pieces of one column of ``table``, at a cost of at most ``rho`` and ``delta``."""
    if not column.kind.is_nominal:
        return _numbers(table, column, curator, rho, delta)
    if listed_levels(column):
        return _listed(table, column, curator, rho)
    return _found(table, column, curator, rho, delta)


def listed_levels(column: Column) -> tuple[str, ...]:
    """Levels of a nominal column that are public knowledge; empty where they must be found."""
    return BOOLEAN_LEVELS if column.kind is Kind.BOOLEAN else column.levels or ()


def _listed(table: Table, column: Column, curator: Curator, rho: Fraction) -> Pieces:
    levels = listed_levels(column)
    places = pieces_of(table, column, np.zeros(0), levels)
    noisy, variance = curator.histogram(PURPOSE, np.bincount(places + 1, minlength=len(levels) + 2), rho)
    return Pieces(column, noisy[1:].astype(np.float64), variance, np.zeros(0), levels, float(noisy[0]))


def _found(table: Table, column: Column, curator: Curator, rho: Fraction, delta: Fraction) -> Pieces:
    codes, present = table.codes(column.name)
    counts = np.bincount(codes + 1, minlength=len(present) + 1)
    occurring = np.flatnonzero(counts[1:])
    passed, noisy, missing, variance = curator.discover(PURPOSE, counts[1:][occurring], counts[:1], rho, delta)
    order = np.argsort(-noisy, kind="stable")
    levels = tuple(present[place] for place in occurring[passed[order]])
    remark = "" if levels else f"Column '{column.name}': no level is frequent enough to be shown; it is always missing."
    shown = np.concatenate([noisy[order], missing]).astype(np.float64)
    return Pieces(column, shown, variance, np.zeros(0), levels, math.nan, remark)


def _numbers(table: Table, column: Column, curator: Curator, rho: Fraction, delta: Fraction) -> Pieces:
    step, values = step_of(column), in_steps(table, column)
    heaps = _heaps(values, curator, rho * _HEAPS, delta)
    edges = _with_heaps(public_scale(column, step), heaps, step)
    counts, variance = _count(values, edges, curator, rho * _SCALE)
    edges, counts, remark = in_range(column, edges, counts, variance, heaps)
    edges, is_finest = divided(edges, counts, variance, step, heaps)
    left = rho * (1 - _HEAPS - _SCALE)
    if not is_finest:
        counts, variance = _count(values, edges, curator, rho * _FIRST)
        left -= rho * _FIRST
        edges, _ = divided(edges, counts, variance, step, heaps)
    counts, variance = _count(values, edges, curator, left)
    return Pieces(column, counts, variance, edges, (), remark=remark)


def _heaps(values: Floats, curator: Curator, rho: Fraction, delta: Fraction) -> Floats:
    """Single numbers that many persons share, in ascending order."""
    distinct, counts = np.unique(values[~np.isnan(values)], return_counts=True)
    passed, noisy, _, _ = curator.discover(PURPOSE, counts, np.zeros(0, dtype=np.int64), rho, delta)
    return np.sort(distinct[passed[np.argsort(-noisy, kind="stable")[:MOST_HEAPS]]])


def public_scale(column: Column, step: float) -> Floats:
    """Public ends of ranges that any number falls between: powers of two, or the beginnings of years."""
    if column.kind in (Kind.DATE, Kind.DATETIME):
        unit = 1.0 if column.kind is Kind.DATE else _SECONDS_A_DAY
        edges = np.array([math.floor((year - 1970) * _DAYS_A_YEAR) * unit for year in _YEARS])
    elif step:
        powers = 2.0 ** np.arange(0, _COARSEST - 10)
        edges = np.concatenate([1.0 - powers[::-1], powers])
    else:
        powers = 2.0 ** np.arange(_FINEST, _COARSEST)
        edges = np.concatenate([-powers[::-1], powers])
    low = -math.inf if column.minimum is None else column.minimum / (step or 1.0)
    high = math.inf if column.maximum is None else column.maximum / (step or 1.0) + (1.0 if step else 0.0)
    if step:
        low, high = np.ceil(low - 1e-9), np.floor(high + 1e-9)
    inside = edges[(edges > low) & (edges < high)]
    ends = [np.array([end]) if math.isfinite(end) else np.zeros(0) for end in (low, high)]
    edges = np.concatenate([ends[0], inside, ends[1]])
    # a range of a single point, or one that is outside all public ends, still needs two different ends
    return edges if len(edges) > 1 and edges[-1] > edges[0] else np.array([edges[0], edges[0] + (step or 1.0)])


def _with_heaps(edges: Floats, heaps: Floats, step: float) -> Floats:
    inside = heaps[(heaps >= edges[0]) & (heaps < edges[-1])]
    return np.unique(np.concatenate([edges, inside, _after(inside, step)]))


def _after(values: Floats, step: float) -> Floats:
    return values + 1.0 if step else np.nextafter(values, np.inf)


def range_counts(values: Floats, edges: Floats) -> NDArray[np.int64]:
    """How many values (n,), in steps, each range holds, and how many are missing (m,); what is outside joins an end."""
    inside = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, len(edges) - 2)
    places = np.where(np.isnan(values), len(edges) - 1, inside)
    return np.bincount(places, minlength=len(edges)).astype(np.int64)


def _count(values: Floats, edges: Floats, curator: Curator, rho: Fraction) -> tuple[Floats, float]:
    noisy, variance = curator.histogram(PURPOSE, range_counts(values, edges), rho)
    return noisy.astype(np.float64), variance


def in_range(
    column: Column, edges: Floats, counts: Floats, variance: float, heaps: Floats
) -> tuple[Floats, Floats, str]:
    """The ranges from the first to the last that is clearly not empty; a bound that the schema gives stays."""
    ranges, noise = counts[:-1], math.sqrt(variance)
    clear = _clear(np.where(np.isin(edges[:-1], heaps), 0.0, ranges), noise) | np.isin(edges[:-1], heaps)
    remark = ""
    if not clear.any():
        # nothing to go by: small numbers are likelier than astronomic ones
        size = np.log2(np.maximum(np.abs(edges[:-1]), 1.0))
        clear[int(np.argmax(ranges - noise * size / 10))] = True
        if column.minimum is None or column.maximum is None:
            remark = f"Column '{column.name}': its range could not be told from noise; its values are arbitrary."
    first, last = int(np.argmax(clear)), len(clear) - 1 - int(np.argmax(clear[::-1]))
    while first > 0 and ranges[first - 1] > 2 * noise:
        first -= 1
    while last < len(ranges) - 1 and ranges[last + 1] > 2 * noise:
        last += 1
    first = 0 if column.minimum is not None else first
    last = len(ranges) - 1 if column.maximum is not None else last
    return edges[first : last + 2], np.append(ranges[first : last + 1], counts[-1]), remark


def _clear(counts: Floats, noise: float) -> NDArray[np.bool_]:
    """Which counts stand out of noise alone, or together with their neighbours: what noise does in one column of a
    hundred."""
    limit = noise * math.sqrt(2 * math.log(100 * len(counts)))
    clear = counts > limit
    weak = np.where(clear, 0.0, counts)
    for width in _WINDOWS:
        for start in range(len(counts) - width + 1):
            window = slice(start, start + width)
            if weak[window].sum() > limit * math.sqrt(width):
                clear[window] |= weak[window] > noise
    return clear


def divided(edges: Floats, counts: Floats, variance: float, step: float, heaps: Floats) -> tuple[Floats, bool]:
    """Ends after crowded ranges were divided and neighbouring empty ones joined, and whether nothing is left to divide.

    A range gets as many parts as its share of the persons asks for, if it has so many different values.
    """
    ranges = counts[:-1]
    total = max(float(ranges.clip(0).sum()), 1.0)
    ends, is_finest, before_is_empty = [float(edges[0])], True, False
    for low, high, count in zip(edges[:-1], edges[1:], ranges, strict=True):
        is_heap = bool(np.isin(low, heaps)) and high == _after(low, step)
        is_empty = not is_heap and count < 2 * math.sqrt(variance)
        parts = 1 if is_heap or is_empty else math.ceil(PIECES * count / total)
        if step:
            is_finest &= is_heap or is_empty or parts >= high - low
            parts = min(parts, int(high - low))
            inner = np.round(np.linspace(low, high, parts + 1))[1:]
        else:
            is_finest &= is_heap or is_empty
            inner = np.linspace(low, high, parts + 1)[1:]
        if is_empty and before_is_empty:
            ends.pop()
        ends.extend(inner.tolist())
        before_is_empty = is_empty
    return np.array(ends), is_finest
