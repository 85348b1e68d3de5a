"""What is said of one column: its numbers, its levels or its texts, each carried by ten persons or more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc

from cohortium.quality.bars import Bars, bars, calendar_edges, even_edges, span
from cohortium.quality.inspection import Inspection
from cohortium.quality.values import Values
from cohortium.quality.windows import LEAST_PERSONS, Quantiles, quantiles
from cohortium.records import Kind

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_LEVELS = 50


@dataclass(frozen=True, slots=True)
class Numbers:
    """A column of numbers or dates; dates in days since 1970-01-01.

    mean, deviation : over all known values; None where fewer than ten persons have one.
    zeros           : share of known values that are zero, for numbers.
    grain           : of dates, what a bar stands for: "month", "quarter", "year", "five years"; empty for numbers.
    """

    mean: float | None
    deviation: float | None
    quantiles: Quantiles
    histogram: Bars
    zeros: float = 0.0
    grain: str = ""


@dataclass(frozen=True, slots=True)
class LevelShare:
    """A level and the share of known values that it has."""

    level: str
    share: float


@dataclass(frozen=True, slots=True)
class Levels:
    """A column of levels.

    shown        : levels that ten persons or more carry; the commonest first, or in their order where they have one.
    other_levels : further such levels beyond the first fifty, and the share that they have together.
    rare_levels  : levels that fewer than ten persons carry, and the share that they have together; None where even
                   together they are fewer than ten persons.
    """

    shown: tuple[LevelShare, ...]
    other_levels: int = 0
    other_share: float = 0.0
    rare_levels: int = 0
    rare_share: float | None = None


@dataclass(frozen=True, slots=True)
class Texts:
    """A column of identifiers or prose: how long its texts are on average; None below ten persons, and of images."""

    mean_length: float | None


def summarise(inspection: Inspection, values: Values) -> Numbers | Levels | Texts:
    """What may be said of a column, by its kind.

    Reveals : shares and means over ten persons or more; for those who may see the table itself.
    """
    if values.column.kind.is_nominal:
        return _levels(inspection, values)
    if values.column.kind.is_numeric:
        return _numbers(inspection, values)
    if values.column.kind is Kind.IMAGE:
        return Texts(None)
    known = len(inspection) - values.missing_count
    enough = known and inspection.persons_in(~values.missing) >= LEAST_PERSONS
    length = pc.mean(pc.utf8_length(inspection.table.arrow.column(values.column.name))).as_py() if enough else None
    return Texts(length)


def _numbers(inspection: Inspection, values: Values) -> Numbers:
    dated = values.column.kind in (Kind.DATE, Kind.DATETIME)
    numbers = values.days if dated else values.numbers
    rows = np.flatnonzero(values.usable)
    if not inspection.repeats:
        ordered, persons, count = (values.finite if not dated else np.sort(numbers[rows])), None, len(rows)
    else:
        rows = rows[np.argsort(numbers[rows], kind="stable")]
        ordered, persons = numbers[rows], inspection.persons[rows]
        count = int(np.count_nonzero(np.bincount(persons, minlength=1)))
    return numbers_of(ordered, persons, count, inspection.person_count, dated)


def numbers_of(
    ordered: NDArray[np.float64], persons: NDArray[np.int64] | None, count: int, codes: int, dated: bool = False
) -> Numbers:
    """What may be said of ascending values.

    persons, count, codes : whose they are (None: each another person's), how many persons, and one more than the
                            largest code of a person.
    """
    if count < LEAST_PERSONS:
        return Numbers(None, None, Quantiles(), Bars(()))
    mean, deviation = float(ordered.mean()), float(ordered.std())
    shown = quantiles(ordered, persons, count)
    low, high = span(shown, mean, deviation)
    grain = ""
    if dated:
        edges, grain = calendar_edges(low, high)
    else:
        edges = even_edges(low, high, _is_whole(ordered))
    zeros = float(np.mean(ordered == 0)) if not dated else 0.0
    return Numbers(mean, deviation, shown, bars(ordered, edges, persons, codes), zeros, grain)


def _is_whole(values: NDArray[np.float64]) -> bool:
    return bool((values == np.round(values)).all())


def _levels(inspection: Inspection, values: Values) -> Levels:
    rows, total = values.level_rows, max(int(values.level_rows.sum()), 1)
    carriers = inspection.carriers(values.codes, len(values.levels))
    common = np.flatnonzero(carriers >= LEAST_PERSONS)
    rare = np.flatnonzero((carriers > 0) & (carriers < LEAST_PERSONS))
    largest = common[np.argsort(-rows[common], kind="stable")]
    first, rest = largest[:MOST_LEVELS], largest[MOST_LEVELS:]
    if values.column.kind is Kind.ORDINAL and not len(rest):
        first = np.sort(first)
    enough = len(rare) and inspection.persons_in(np.isin(values.codes, rare)) >= LEAST_PERSONS
    return Levels(
        shown=tuple(LevelShare(values.levels[code], float(rows[code] / total)) for code in first),
        other_levels=len(rest),
        other_share=float(rows[rest].sum() / total),
        rare_levels=len(rare),
        rare_share=float(rows[rare].sum() / total) if enough else None,
    )
