"""Histograms in which no bar stands for fewer than ten persons."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cohortium.pages.scale import round_step
from cohortium.quality.counting import distinct
from cohortium.quality.windows import LEAST_PERSONS, Quantiles

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ABOUT = 28
_DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Bar:
    """Rows from ``low`` (included) to ``high`` (not included)."""

    low: float
    high: float
    rows: int


@dataclass(frozen=True, slots=True)
class Bars:
    """A histogram.

    bars         : from left to right, of different widths; between two of them nobody is.
    beyond_low   : the first bar also counts rows below it.
    beyond_high  : the last bar also counts rows above it.
    whole        : the values are whole numbers, and the bars begin and end halfway between two.
    """

    bars: tuple[Bar, ...]
    beyond_low: bool = False
    beyond_high: bool = False
    whole: bool = False


def span(shown: Quantiles, mean: float, deviation: float) -> tuple[float, float]:
    """Where most of a column lies, told from what is shown of it alone."""
    low, high = mean - 2.5 * deviation, mean + 2.5 * deviation
    if shown.p25 is not None and shown.p75 is not None:
        low, high = shown.p25 - 1.5 * (shown.p75 - shown.p25), shown.p75 + 1.5 * (shown.p75 - shown.p25)
    if shown.p05 is not None and shown.p95 is not None and shown.p95 > shown.p05:
        low, high = shown.p05 - (shown.p95 - shown.p05), shown.p95 + (shown.p95 - shown.p05)
    if shown.low is not None and shown.high is not None:
        low, high = (max(low, shown.low), min(high, shown.high)) if high > low else (shown.low, shown.high)
    return low, high


def even_edges(low: float, high: float, whole: bool) -> NDArray[np.float64]:
    """Round numbers from below ``low`` to above ``high``; for whole numbers halfway between them."""
    step = round_step((high - low) / _ABOUT) if high > low else 1.0
    if whole:
        step = max(1.0, step)
    first, last = math.floor(low / step), math.floor(high / step) + 1
    edges: NDArray[np.float64] = np.arange(first, last + 1, dtype=np.float64) * step
    return edges - 0.5 if whole else edges


def calendar_edges(low: float, high: float) -> tuple[NDArray[np.float64], str]:
    """First days of months, quarters, years or decades from before ``low`` to after ``high``, in days; and which."""
    years = (high - low) / 365.25
    months, grain = next(
        (months, grain)
        for limit, months, grain in (
            (4, 1, "month"),
            (12, 3, "quarter"),
            (45, 12, "year"),
            (math.inf, 60, "five years"),
        )
        if years <= limit
    )
    first, last = (np.array([low, high]).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)) // months
    starts = np.arange(first, last + 2) * months
    return starts.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64).astype(np.float64), grain


def bars(
    values: NDArray[np.float64], edges: NDArray[np.float64], persons: NDArray[np.int64] | None, person_count: int
) -> Bars:
    """The histogram of ``values`` (n,) over ``edges``, bars of too few persons put together with their neighbours.

    Values beyond the edges count in the first and the last bar.
    persons      : (n,) codes below ``person_count``; None where every value is another person's.
    """
    inner = edges[1:-1]
    place = np.searchsorted(inner, values, "right")
    rows = np.bincount(place, minlength=len(inner) + 1)
    used = np.flatnonzero(rows)
    group_of = np.full(len(rows), -1)
    group_of[used] = np.arange(len(used))
    carried = _pairs(place, persons, person_count)
    while True:
        count = int(group_of.max(initial=-1)) + 1
        carriers = rows_of(group_of, rows, count) if carried is None else _carriers(group_of, carried, count)
        if not count or carriers.sum() == 0 or (count == 1 and carriers[0] < LEAST_PERSONS):
            return Bars(())
        if carriers.min() >= LEAST_PERSONS:
            break
        group_of[used] = _joined(carriers)[group_of[used]]
    lows = [edges[used[group_of[used] == group][0]] for group in range(count)]
    highs = [edges[used[group_of[used] == group][-1] + 1] for group in range(count)]
    sums = rows_of(group_of, rows, count)
    made = tuple(Bar(float(a), float(b), int(n)) for a, b, n in zip(lows, highs, sums, strict=True))
    halves = bool((edges % 1 == 0.5).all())
    return Bars(made, bool((values < edges[0]).any()), bool((values >= edges[-1]).any()), halves)


def rows_of(group_of: NDArray[np.int64], rows: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Rows of each of ``count`` groups of bins."""
    inside = group_of >= 0
    return np.bincount(group_of[inside], weights=rows[inside], minlength=count).astype(np.int64)


def _pairs(
    place: NDArray[np.int64], persons: NDArray[np.int64] | None, person_count: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
    """Which person is in which bin, each pair once; None where every row is another person."""
    if persons is None:
        return None
    pairs = distinct(place * person_count + persons)
    return pairs // person_count, pairs % person_count


def _carriers(
    group_of: NDArray[np.int64], carried: tuple[NDArray[np.int64], NDArray[np.int64]], count: int
) -> NDArray[np.int64]:
    bins, persons = carried
    width = int(persons.max()) + 1
    return np.bincount(distinct(group_of[bins] * width + persons) // width, minlength=count).astype(np.int64)


def _joined(carriers: NDArray[np.int64]) -> NDArray[np.int64]:
    """The new group of each group: from the left, groups are put together until they hold enough persons."""
    new, held, group = np.zeros(len(carriers), np.int64), 0, 0
    for old, persons in enumerate(carriers):
        new[old] = group
        held += int(persons)
        if held >= LEAST_PERSONS:
            held, group = 0, group + 1
    if held and group:
        new[new == group] = group - 1
    return new
