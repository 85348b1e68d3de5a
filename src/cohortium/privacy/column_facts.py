"""What the disclosure rules ask about columns, as facts that add up over parts of the records.

Parts hold whole persons, so a person is counted in one of them alone. The facts of parts, added up, are those of all
records together, exactly but for the rounding of a sum of magnitudes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cohortium.records import Kind, Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cohortium.privacy.disclosure import DisclosureRules, Mode

MAGNITUDES = (Kind.CONTINUOUS, Kind.INTEGER)


@dataclass(frozen=True, slots=True)
class ValueShares:
    """How persons spread over the values of a number, as long as nearly all of them might have the same value.

    few     : limit below which persons are few.
    persons : how many have a value.
    values  : (k,) rising. rows : (k,) with each value. only : (k,) persons who have no other value.
              All are empty once no value is that of all but a few persons: no further part can change that.
    """

    few: int
    persons: int
    values: NDArray[np.float64]
    rows: NDArray[np.int64]
    only: NDArray[np.int64]

    @classmethod
    def of(cls, records: Table, name: str, few: int) -> ValueShares:
        """Those of one numeric column."""
        known = ~records.missing(name)
        values, places, rows = np.unique(records.numeric(name)[known], return_inverse=True, return_counts=True)
        pairs = np.unique(np.stack([records.persons()[known], places.ravel()]), axis=1)
        _, first, different = np.unique(pairs[0], return_index=True, return_counts=True)
        only = np.bincount(pairs[1][first[different == 1]], minlength=len(values))
        return cls(few, len(first), values, rows.astype(np.int64), only.astype(np.int64))._narrowed()

    def __add__(self, other: ValueShares) -> ValueShares:
        """The shares over both."""
        persons = self.persons + other.persons
        if self._is_spread or other._is_spread:
            return ValueShares(self.few, persons, *_NOTHING)
        values, places = np.unique(np.concatenate([self.values, other.values]), return_inverse=True)
        rows, only = np.zeros((2, len(values)), dtype=np.int64)
        np.add.at(rows, places.ravel(), np.concatenate([self.rows, other.rows]))
        np.add.at(only, places.ravel(), np.concatenate([self.only, other.only]))
        return ValueShares(self.few, persons, values, rows, only)._narrowed()

    @property
    def marks_few(self) -> bool:
        """Whether all persons but 1 to ``few`` - 1 have the most frequent value and no other."""
        if not len(self.values):
            return False
        return 0 < self.persons - int(self.only[np.argmax(self.rows)]) < self.few

    @property
    def _is_spread(self) -> bool:
        return self.persons > 0 and not len(self.values)

    def _narrowed(self) -> ValueShares:
        apart = self.persons - int(self.only.max(initial=0))
        return self if apart < self.few else ValueShares(self.few, self.persons, *_NOTHING)


_NOTHING = (np.zeros(0), np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))


@dataclass(frozen=True, slots=True)
class Contributions:
    """What persons add to the sum of a magnitude, as the dominance rules see it; the sign does not count.

    largest : the largest ones, falling; as many as were kept, or all where there are fewer.
    """

    kept: int
    largest: NDArray[np.float64]
    total: float

    @classmethod
    def of(cls, values: NDArray[np.float64], kept: int) -> Contributions:
        """values : (persons,); missing ones add nothing."""
        sizes = np.sort(np.abs(values[np.isfinite(values)]))[::-1]
        return cls(kept, sizes[:kept].copy(), float(sizes.sum()))

    @classmethod
    def by_person(cls, records: Table, name: str, kept: int) -> Contributions:
        """Those of the persons of ``records`` to a column."""
        sizes = np.nan_to_num(np.abs(records.numeric(name)))
        return cls.of(np.bincount(records.persons(), sizes).astype(np.float64), kept)

    def __add__(self, other: Contributions) -> Contributions:
        """The contributions of both."""
        largest = np.sort(np.concatenate([self.largest, other.largest]))[::-1][: self.kept]
        return Contributions(self.kept, largest, self.total + other.total)


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """What the rules of one mode ask about some columns.

    names         : the columns, in the order in which they are checked.
    rows, persons : how many there are.
    levels        : nominal column -> level -> persons who have it; levels that nobody has are left out.
    shares        : numeric column -> its shares, in mode "plain".
    contributions : column of magnitudes -> what persons add to it, in mode "plain".
    """

    names: tuple[str, ...]
    rows: int
    persons: int
    levels: Mapping[str, Mapping[str, int]]
    shares: Mapping[str, ValueShares]
    contributions: Mapping[str, Contributions]

    @classmethod
    def of(cls, records: Table, names: Iterable[str], rules: DisclosureRules, mode: Mode) -> ColumnFacts:
        """Those of the columns ``names``; the ones that the records lack are passed by."""
        found = [records.schema[name] for name in dict.fromkeys(names) if name in records.schema]
        numeric = [column for column in found if column.kind.is_numeric and mode == "plain"]
        return cls(
            tuple(column.name for column in found),
            len(records),
            len(np.unique(records.persons())),
            {one.name: _levels(records, one.name) for one in found if one.kind.is_nominal},
            {one.name: ValueShares.of(records, one.name, rules.cell) for one in numeric},
            {
                one.name: Contributions.by_person(records, one.name, max(rules.dominant, 2))
                for one in numeric
                if one.kind in MAGNITUDES
            },
        )

    def __add__(self, other: ColumnFacts) -> ColumnFacts:
        """The facts over both, of which no person has rows in each."""
        return ColumnFacts(
            self.names,
            self.rows + other.rows,
            self.persons + other.persons,
            {name: dict(Counter(one) + Counter(other.levels[name])) for name, one in self.levels.items()},
            {name: one + other.shares[name] for name, one in self.shares.items()},
            {name: one + other.contributions[name] for name, one in self.contributions.items()},
        )


def persons_per_level(records: Table, name: str) -> NDArray[np.int64]:
    """How many persons have each level of a nominal column (levels,)."""
    codes, levels = records.codes(name)
    known = codes >= 0
    pairs = np.unique(np.stack([records.persons()[known], codes[known]]), axis=1)
    return np.bincount(pairs[1], minlength=len(levels)).astype(np.int64)


def _levels(records: Table, name: str) -> dict[str, int]:
    counts, levels = persons_per_level(records, name), records.codes(name)[1]
    return {level: int(count) for level, count in zip(levels, counts, strict=True) if count}
