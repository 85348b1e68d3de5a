"""How every site looks at its persons when a synthetic table is judged: cuts, codes and distances from that table."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from cohortium.errors import NotApplicable
from cohortium.evaluate.plots import round_edges
from cohortium.numerics.discretise import coded, equal_width_cuts
from cohortium.numerics.neighbours import WIDTH, coordinates, nearest
from cohortium.records import Kind, Role, Survival, Table
from cohortium.records.matrix import rounded

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]
    Codes = NDArray[np.int64]

MOST_LEVELS = 200
"""Levels of a nominal column that are told apart, the synthetic table's most frequent; the others count as one."""

COARSE = 10
"""Bins of a number, and levels of a nominal column, in pairs of columns."""

MOST_PAIRS = 400
MOST_SEARCHED = 6_000
"""Synthetic rows among which an attacker searches, at most."""

NEAR = 8

DISTANCES = np.concatenate([[0.0], np.geomspace(1e-4, 40.0, 1_200)])
"""Lower ends of the cells in which distances to the nearest synthetic row are counted; the first holds equal rows."""

FOLLOW_UP = 200
"""Times at which follow-up is counted, at most."""


@dataclass(frozen=True)
class Yardstick:
    """What follows from the synthetic table alone, so that every site counts in the same cells.

    twin     : the table that is judged, one row per synthetic person.
    searched : synthetic rows among which an attacker searches: as many as persons were held out.
    """

    twin: Table
    searched: int = MOST_SEARCHED

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The columns that are compared."""
        return tuple(column.name for column in self.twin.schema.modelled)

    @cached_property
    def nominal(self) -> NDArray[np.bool_]:
        """(p,) True where a column holds levels."""
        return np.array([self.twin.schema[name].kind.is_nominal for name in self.names])

    @cached_property
    def levels(self) -> tuple[tuple[str, ...], ...]:
        """Per column its levels, the most frequent first; none where it is a number."""
        found = []
        for name, nominal in zip(self.names, self.nominal, strict=True):
            if not nominal:
                found.append(())
                continue
            codes, own = self.twin.codes(name)
            counts = np.bincount(codes[codes >= 0], minlength=len(own))
            room = int(np.clip(WIDTH // max(int(self.nominal.sum()), 1) - 2, 2, MOST_LEVELS))
            found.append(tuple(own[place] for place in np.argsort(-counts, kind="stable")[:room] if counts[place]))
        return tuple(found)

    def matrix(self, table: Table) -> Reals:
        """A table's columns (n, p), NaN where missing: numbers, and places among ``levels`` or one beyond the last."""
        found = np.empty((len(table), len(self.names)))
        for place, name in enumerate(self.names):
            if not self.nominal[place]:
                found[:, place] = rounded(table.numeric(name))
                continue
            codes, own = table.codes(name)
            where = {level: float(code) for code, level in enumerate(self.levels[place])}
            beyond = float(len(self.levels[place]))
            found[:, place] = np.array([where.get(level, beyond) for level in own] + [np.nan])[codes]
        return found

    @cached_property
    def own(self) -> Reals:
        """The synthetic table as such a matrix."""
        return self.matrix(self.twin)

    @cached_property
    def edges(self) -> tuple[Reals, ...]:
        """Per number the ends of the equally wide, round cells in which it is drawn; none where all are missing."""
        found = []
        for place, name in enumerate(self.names):
            known = self.own[:, place][~np.isnan(self.own[:, place])]
            whole = self.twin.schema[name].kind in (Kind.INTEGER, Kind.DATE)
            found.append(np.empty(0) if self.nominal[place] or not len(known) else round_edges(known, whole))
        return tuple(found)

    @cached_property
    def cuts(self) -> tuple[Reals, ...]:
        """Per number up to 100 cuts at which its distribution function is compared."""
        found = []
        for place in range(len(self.names)):
            known = np.sort(self.own[:, place][~np.isnan(self.own[:, place])])
            cuts = known[np.linspace(0, len(known) - 1, 101).astype(np.int64)] if len(known) else known
            found.append(np.empty(0) if self.nominal[place] else np.unique(np.concatenate([cuts, self.edges[place]])))
        return tuple(found)

    @cached_property
    def widths(self) -> Codes:
        """(p,) number of codes of each column: missing, and its cells or levels and any other."""
        return np.array(
            [
                len(levels) + 2 if nominal else len(cuts) + 2
                for nominal, levels, cuts in zip(self.nominal, self.levels, self.cuts, strict=True)
            ]
        )

    def codes(self, matrix: Reals) -> Codes:
        """Codes (n, p) of a matrix, 0 where missing."""
        return np.column_stack([self._codes(matrix, place, self.cuts[place], MOST_LEVELS) for place in self._places])

    @cached_property
    def coarse_widths(self) -> Codes:
        """(p,) number of codes of each column when pairs are counted."""
        found = [
            min(len(self.levels[place]), COARSE) + 2 if self.nominal[place] else len(self._coarse_cuts[place]) + 2
            for place in self._places
        ]
        return np.array(found)

    def coarse(self, matrix: Reals) -> Codes:
        """Coarse codes (n, p) of a matrix, 0 where missing: ten equally wide bins, or the ten most frequent levels."""
        return np.column_stack([self._codes(matrix, place, self._coarse_cuts[place], COARSE) for place in self._places])

    def _codes(self, matrix: Reals, place: int, cuts: Reals, most: int) -> Codes:
        values = matrix[:, place]
        if not self.nominal[place]:
            return coded(values, cuts)
        other = min(len(self.levels[place]), most)
        return np.where(np.isnan(values), 0, 1 + np.minimum(np.nan_to_num(values), other)).astype(np.int64)

    @cached_property
    def _coarse_cuts(self) -> tuple[Reals, ...]:
        return tuple(equal_width_cuts(self.own[:, place], COARSE) for place in self._places)

    @property
    def _places(self) -> range:
        return range(len(self.names))

    @cached_property
    def pairs(self) -> NDArray[np.int64]:
        """(k, 2) the pairs of columns that are counted; evenly spread ones where there are very many."""
        every = np.array(list(itertools.combinations(self._places, 2)), dtype=np.int64).reshape(-1, 2)
        kept = np.linspace(0, len(every) - 1, min(len(every), MOST_PAIRS)).astype(np.int64)
        return every[kept]

    def gaps(self, matrix: Reals) -> Reals:
        """Distance (n,) of each row to its nearest among the searched synthetic rows (coordinates of
        ``numerics.neighbours``, numbers on the scale of the synthetic ranks)."""
        searched = self.own[: min(self.searched, MOST_SEARCHED)]
        points = coordinates([matrix, searched], self.nominal, self.own).values
        # the search is in single precision; the nearest of several near ones is the same at every site
        return nearest(points[0], points[1], NEAR)[0][:, 0] if len(matrix) else np.empty(0)

    @cached_property
    def times(self) -> Reals:
        """Upper ends of the intervals in which follow-up is counted; the last interval is open.

        Raises : NotApplicable where the schema names no time and event.
        """
        if self.twin.schema.only(Role.TIME) is None or self.twin.schema.only(Role.EVENT) is None:
            raise NotApplicable("The schema names no column with the role 'time' and one with the role 'event'.")
        durations = np.sort(Survival.of(self.twin).durations)
        if not len(durations):
            raise NotApplicable("No synthetic person has a known follow-up time.")
        return np.unique(durations[np.linspace(0, len(durations) - 1, FOLLOW_UP).astype(np.int64)])
