"""Groups of patients by the columns that describe who they are: sex, age band, site."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.errors import NotApplicable, TooFewRecords
from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.disclosure import SMALL_SUBGROUP, round_step
from cohortium.evaluate.privacy.quasi_identifiers import grouping
from cohortium.records import Kind

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_COLUMNS = 8
_MOST_LEVELS = 12


@dataclass(frozen=True, slots=True)
class Subgroup:
    """Persons who share one trait.

    column, level : the column, and the level or band as people write it.
    place         : number of the column.
    low, high     : values of the column that belong to it: low <= value < high.
    """

    column: str
    level: str
    place: int
    low: float
    high: float

    @property
    def name(self) -> str:
        """The trait as people write it."""
        return f"{self.column}: {self.level}"

    def row(self, **numbers: float) -> dict[str, Any]:
        """Numbers about this subgroup as a row for the report."""
        return {"subgroup": self.name, "column": self.column, "level": self.level, **numbers}

    def of(self, matrix: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which rows (n,) of a table's matrix belong to it."""
        values = matrix[:, self.place]
        return (values >= self.low) & (values < self.high)


@dataclass(frozen=True, slots=True)
class Subgroups:
    """Subgroups large enough to be judged, and the names of those that are not."""

    judged: tuple[Subgroup, ...]
    too_small: tuple[str, ...]

    def detail(self, rows: list[dict[str, Any]]) -> dict[str, Any]:
        """Rows by subgroup for the report, with the names of the subgroups that are too small."""
        return {"subgroups": rows, "too_small": list(self.too_small)}


def subgroups(pair: Comparison) -> Subgroups:
    """The levels, or four bands at round numbers, of the quasi-identifiers and sites; of nominal columns of few levels
    where the schema marks none.

    At most eight columns, and the twelve most frequent levels of each. A subgroup of fewer than thirty real persons is
    only named.
    Raises : NotApplicable where there is no such column; TooFewRecords where no subgroup has thirty persons.
    """
    marked = grouping(pair)
    if not marked:
        raise NotApplicable("Mark the columns that tell groups of patients apart as quasi_identifier or site.")
    found = [group for place in marked[:_MOST_COLUMNS] for group in _of_column(pair, place)]
    persons = pair.real.persons()
    sizes = [len(np.unique(persons[group.of(pair.real_matrix)])) for group in found]
    judged = tuple(group for group, size in zip(found, sizes, strict=True) if size >= SMALL_SUBGROUP)
    too_small = tuple(group.name for group, size in zip(found, sizes, strict=True) if 0 < size < SMALL_SUBGROUP)
    if not judged:
        raise TooFewRecords(f"No subgroup has {SMALL_SUBGROUP} real persons.")
    return Subgroups(judged, too_small)


def _of_column(pair: Comparison, place: int) -> list[Subgroup]:
    name, known = pair.encoded.names[place], pair.real_matrix[:, place]
    known = known[np.isfinite(known)]
    if pair.encoded.nominal[place]:
        counts = np.bincount(known.astype(np.int64), minlength=1)
        often = [int(level) for level in np.argsort(-counts, kind="stable")[:_MOST_LEVELS] if counts[level]]
        levels = pair.encoded.levels[place]
        return [Subgroup(name, levels[level], place, level - 0.5, level + 0.5) for level in often]
    if not len(known) or pair.real.schema[name].kind in (Kind.DATE, Kind.DATETIME):
        return []
    cuts = _round_quartiles(known)
    bounds = [-np.inf, *cuts, np.inf]
    return [Subgroup(name, _band(low, high), place, low, high) for low, high in pairwise(bounds) if len(cuts)]


def _round_quartiles(known: NDArray[np.float64]) -> list[float]:
    quartiles = np.quantile(known, [0.25, 0.5, 0.75])
    spread = quartiles[2] - quartiles[0]
    if spread <= 0:
        return []
    step = round_step(spread / 4)
    return [float(f"{cut:.10g}") for cut in np.unique(np.round(quartiles / step) * step)]


def _band(low: float, high: float) -> str:
    if low == -np.inf:
        return f"below {high:g}"
    return f"{low:g} and above" if high == np.inf else f"{low:g} to below {high:g}"
