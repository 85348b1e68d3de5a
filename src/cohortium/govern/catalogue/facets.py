"""What entries are filtered and counted by, in memory: a code per entry and facet, so that counting takes milliseconds.

Each process keeps its own and brings it up to date from the database before every search.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

import numpy as np

from cohortium.govern.catalogue.entry import Entry

if TYPE_CHECKING:
    from numpy.typing import NDArray

FACETS = ("kind", "publisher", "country", "category", "access", "mode")
FIRST_YEAR, LAST_YEAR = 1800, 2200


def facets_of(entry: Entry) -> str:
    """What an entry is found by, as it is kept beside it."""
    covered = entry.coverage
    years = None
    if covered.starts or covered.ends:
        first = covered.starts.year if covered.starts else FIRST_YEAR
        years = [first, covered.ends.year if covered.ends else LAST_YEAR]
    values = {
        "kind": [entry.kind],
        "publisher": [entry.publisher.name] if entry.publisher else [],
        "country": list(entry.countries),
        "category": list(entry.categories),
        "access": [entry.access] if entry.access else [],
        "mode": list(entry.modes),
    }
    return json.dumps({**values, "years": years}, ensure_ascii=False)


class _Codes:
    """One facet: which set of values each place has. Sets are few, so that counting them counts the values."""

    def __init__(self) -> None:
        self.codes = np.zeros(0, dtype=np.int32)
        self.sets: dict[tuple[str, ...], int] = {(): 0}
        self.values: dict[str, int] = {}
        self._pairs: list[tuple[int, int]] = []
        self._as_arrays: NDArray[np.int64] = np.empty((2, 0), dtype=np.int64)

    def code(self, values: tuple[str, ...]) -> int:
        """The number of this set of values."""
        if values not in self.sets:
            self.sets[values] = len(self.sets)
            for one in values:
                self._pairs.append((self.sets[values], self.values.setdefault(one, len(self.values))))
        return self.sets[values]

    def having(self, wanted: Collection[str]) -> NDArray[np.bool_]:
        """(places,) whether each has any of the values."""
        any_of = frozenset(wanted)
        among = np.fromiter((not any_of.isdisjoint(one) for one in self.sets), np.bool_, len(self.sets))
        return np.asarray(among[self.codes], dtype=np.bool_)

    def counts(self, places: NDArray[np.int64]) -> dict[str, int]:
        """How many of the places have each value, the commonest first; values that none has are left out."""
        if not self._pairs:
            return {}
        if self._as_arrays.shape[1] < len(self._pairs):
            self._as_arrays = np.array(self._pairs, dtype=np.int64).T
        sets, values = self._as_arrays
        by_set = np.bincount(self.codes[places], minlength=len(self.sets))
        total = np.bincount(values, weights=by_set[sets], minlength=len(self.values)).astype(np.int64)
        names = list(self.values)
        order = np.argsort(-total, kind="stable")[: np.count_nonzero(total)]
        return {names[at]: int(total[at]) for at in order}


class FacetIndex:
    """The facets of all shown entries.

    shown   : (places,) whether there is an entry; revisions : (places,) when it last changed, the newest highest.
    years   : (places, 2) first and last year that it covers; -1 where not said.
    """

    def __init__(self) -> None:
        self.facets = {name: _Codes() for name in FACETS}
        self.shown = np.zeros(0, dtype=np.bool_)
        self.revisions = np.zeros(0, dtype=np.int64)
        self.years = np.zeros((0, 2), dtype=np.int16)

    def put(self, place: int, facets: str, revision: int, *, is_shown: bool) -> None:
        """Take in an entry, or its withdrawal."""
        if place >= len(self.shown):
            self._grow(place + 1)
        values = json.loads(facets)
        for name, codes in self.facets.items():
            codes.codes[place] = codes.code(tuple(values[name]))
        self.years[place] = values["years"] or (-1, -1)
        self.revisions[place] = revision
        self.shown[place] = is_shown

    def _grow(self, needed: int) -> None:
        more = max(needed, 2 * len(self.shown), 1_024) - len(self.shown)
        for codes in self.facets.values():
            codes.codes = np.pad(codes.codes, (0, more))
        self.shown, self.revisions = np.pad(self.shown, (0, more)), np.pad(self.revisions, (0, more))
        self.years = np.pad(self.years, ((0, more), (0, 0)), constant_values=-1)

    def within(self, years: tuple[int | None, int | None]) -> NDArray[np.bool_]:
        """Places whose coverage touches these years; those that do not say are not among them."""
        first, last = years[0] or FIRST_YEAR, years[1] or LAST_YEAR
        return np.asarray((self.years[:, 0] >= 0) & (self.years[:, 0] <= last) & (self.years[:, 1] >= first))

    def years_of(self, places: NDArray[np.int64]) -> dict[int, int]:
        """How many of the places cover each year, from the first that one begins in to the last that one ends in."""
        spans = self.years[places].astype(np.int64)
        spans = np.clip(spans[spans[:, 0] >= 0], FIRST_YEAR, LAST_YEAR) - FIRST_YEAR
        if not len(spans):
            return {}
        length = LAST_YEAR - FIRST_YEAR + 2
        change = np.bincount(spans[:, 0], minlength=length) - np.bincount(spans[:, 1] + 1, minlength=length)
        said = spans[(spans > 0) & (spans < LAST_YEAR - FIRST_YEAR)]
        first, last = (int(said.min()), int(said.max())) if len(said) else (0, -1)
        running = np.cumsum(change)
        return {year + FIRST_YEAR: int(running[year]) for year in range(first, last + 1)}

    def filtered(
        self, chosen: Mapping[str, Collection[str]], years: tuple[int | None, int | None] | None
    ) -> dict[str, NDArray[np.bool_]]:
        """For each filter that is set, which places pass it."""
        masks = {name: self.facets[name].having(values) for name, values in chosen.items() if values}
        return {**masks, "years": self.within(years)} if years else masks
