"""Looking a known person up in a released table: how many of its rows do not contradict what is known of him.

The attacker knows the quasi-identifying values of a person exactly and holds the release. Rows that tell 30-39 for his
34 stay possible, rows that tell 40-49 do not. Of c rows that stay possible he takes one, and is right once in c times.
The right row is taken to be among them, so the rate is never too low; what strangers reach the same way is no
re-identification but a false one, and stands beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from cohortium.anonymise.risk.label_sets import LabelSets
from cohortium.anonymise.tables.coded import distinct_texts, persons_of
from cohortium.anonymise.tables.hierarchy import Hierarchy
from cohortium.anonymise.tables.tuples import Tuples, distinct
from cohortium.errors import InvalidRequest
from cohortium.records import Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_PAIRS = 4_000_000_000
"""Combinations of known and of released values that are compared at most; about half a minute."""


@dataclass(frozen=True, slots=True, eq=False)
class Links:
    """What a release says about each row of a table of known persons.

    rows    : (n,) released rows that do not contradict it; 0 where all do.
    shown   : (n,) the released combination with fewest rows that does not contradict it, -1 where all do. Where each
              value is told by one text, as after choosing a level per column, it is the row's class in the release.
    losses  : (n,) how much of the row's values is lost there, from 0 to 1; 1 where it was left out.
    persons : (n,) whose rows they are; None where every row is another person.
    """

    rows: NDArray[np.int64]
    shown: NDArray[np.int64]
    losses: NDArray[np.float64]
    persons: NDArray[np.int64] | None

    @property
    def number(self) -> int:
        """How many persons were looked up."""
        return len(self.rows) if self.persons is None else len(np.unique(self.persons))

    def of_persons(self) -> NDArray[np.int64]:
        """(p,) the class that each person shows; of several rows the first."""
        if self.persons is None:
            return self.shown
        return self.shown[np.unique(self.persons, return_index=True)[1]]

    def chances(self) -> NDArray[np.float64]:
        """(p,) the chance to find each person's row; of several rows the one that is found most easily."""
        each = np.where(self.rows > 0, 1.0 / np.maximum(self.rows, 1), 0.0)
        if self.persons is None:
            return each
        _, codes = np.unique(self.persons, return_inverse=True)
        found = np.zeros(int(codes.max()) + 1)
        np.maximum.at(found, codes, each)
        return found


def link(
    known: Table,
    release: Table,
    columns: Sequence[str],
    hierarchies: Mapping[str, Hierarchy] | None = None,
    *,
    original: Table | None = None,
) -> Links:
    """Look every row of ``known`` up in ``release`` by its quasi-identifying ``columns``.

    hierarchies : by column, how the release generalised; texts that they lack are read as intervals, sets, beginnings.
    original    : what the release was made from, where the known persons are others: its values occur in the texts.
    Raises      : InvalidRequest where the release lacks all of the columns, or texts say nothing about any value.
    Reveals     : what it says of single rows is for measuring; only summaries leave.
    """
    shared = [name for name in columns if name in release.schema]
    if not shared or not len(release):
        raise InvalidRequest(
            f"The release has no row, or none of the columns {list(columns)}; there is nothing to link by."
        )
    sets, values, texts = [], [], []
    for name in shared:
        value_codes, value_texts = distinct_texts(known, name)
        text_codes, told = distinct_texts(release, name)
        more = [] if original is None else distinct_texts(original, name)[1]
        sets.append(LabelSets.of(name, [*value_texts, *more], told, (hierarchies or {}).get(name)))
        values.append(value_codes)
        texts.append(text_codes)
    people, released = distinct(values), distinct(texts)
    rows, shown = _looked_up(people, released, sets)
    # A column that does not leave is lost wholly; so is all of a row that was left out.
    missing = len(columns) - len(shared)
    lost = np.stack([one.losses()[released.codes[:, place]] for place, one in enumerate(sets)], axis=1).sum(axis=1)
    losses = np.where(shown >= 0, (lost[shown] + missing) / len(columns), 1.0)
    at = people.of_row
    return Links(rows[at], shown[at], losses[at], persons_of(known))


def _looked_up(people: Tuples, released: Tuples, sets: list[LabelSets]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    if all(one.is_partition for one in sets):
        return _by_class(people, released, sets)
    if len(people) * len(released) > MOST_PAIRS:
        raise InvalidRequest(
            f"{len(people):,} known and {len(released):,} released combinations of values are too many to compare pair "
            "by pair. Name fewer quasi-identifiers, or hold the release against a sample of the table."
        )
    starts = np.cumsum([0, *(one.holds.size for one in sets)])[:-1].astype(np.int64)
    holds = np.concatenate([one.holds.ravel() for one in sets])
    widths = np.array([len(one.values) for one in sets], dtype=np.int64)
    # The column that rules out most goes first.
    order = np.argsort([one.holds.mean() for one in sets]).astype(np.int64)
    found: tuple[NDArray[np.int64], NDArray[np.int64]] = _compare(
        people.codes, released.codes, released.counts, holds, starts, widths, order
    )
    return found


def _by_class(people: Tuples, released: Tuples, sets: list[LabelSets]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """As ``_compare`` where every value is told by one text: a class is looked up instead of searched for."""
    told = [one.text_of_value()[people.codes[:, place]] for place, one in enumerate(sets)]
    both = [
        np.concatenate([np.where(mine < 0, len(one.texts), mine), released.codes[:, place]]).astype(np.int32)
        for place, (one, mine) in enumerate(zip(sets, told, strict=True))
    ]
    of_row = distinct(both).of_row
    place_of = np.full(int(of_row.max()) + 1, -1, dtype=np.int64)
    place_of[of_row[len(people) :]] = np.arange(len(released))
    shown = place_of[of_row[: len(people)]]
    return np.where(shown >= 0, released.counts[shown], 0), shown


@njit(cache=True, nogil=True)
def _compare(
    people: NDArray[np.int32],
    released: NDArray[np.int32],
    counts: NDArray[np.int64],
    holds: NDArray[np.bool_],
    starts: NDArray[np.int64],
    widths: NDArray[np.int64],
    order: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    rows = np.zeros(people.shape[0], dtype=np.int64)
    shown = np.full(people.shape[0], -1, dtype=np.int64)
    for one in range(people.shape[0]):
        for other in range(released.shape[0]):
            fits = True
            for column in order:
                if not holds[starts[column] + released[other, column] * widths[column] + people[one, column]]:
                    fits = False
                    break
            if fits:
                rows[one] += counts[other]
                if shown[one] < 0 or counts[other] < counts[shown[one]]:
                    shown[one] = other
    return rows, shown
