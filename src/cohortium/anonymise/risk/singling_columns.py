"""Which columns single persons out: each by itself, in pairs, and the smallest sets that do.

A set singles a person out if nobody else has the person's values in its columns; it is minimal for the person if none
of its parts does already. Persons whom two or three columns single out are those whom a neighbour recognises.

Source : minimal sample uniques as in SUDA, Elliot, Manning and Ford 2002, Int. J. Uncertainty, Fuzziness and
         Knowledge-Based Systems 10(5).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import TYPE_CHECKING

import numpy as np

from cohortium.anonymise.risk.person_classes import PersonClasses
from cohortium.anonymise.risk.uniqueness import unique_share

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Columns = Sequence[NDArray[np.int32]]

MOST_SETS, MOST_CELLS = 4_000, 400_000_000
"""Sets of columns that are counted at most, and rows times sets; beyond, only smaller sets are."""


@dataclass(frozen=True, slots=True)
class SinglingSet:
    """Columns that single persons out.

    unique  : share of persons whom they single out.
    minimal : share of persons whom they single out and no part of them does.
    """

    columns: tuple[str, ...]
    unique: float
    minimal: float


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one column adds.

    values  : different values that it has.
    alone   : share of persons whom it singles out by itself.
    without : share of persons whom all others single out when it is left out.
    minimal : share of persons who have a minimal set with this column in it.
    """

    column: str
    values: int
    alone: float
    without: float
    minimal: float


def singling_sets(
    names: Sequence[str], columns: Columns, persons: NDArray[np.int64] | None, largest: int = 3
) -> tuple[tuple[SinglingSet, ...], tuple[Contribution, ...]]:
    """The sets of up to ``largest`` columns that single out anybody, most persons first, and what each column adds.

    names, columns : of the quasi-identifiers, with the rows' codes (n,) each.
    Reveals        : shares of persons by names of columns; no value.
    """
    largest = _affordable(len(names), len(columns[0]), largest)
    found, takes_part = [], np.zeros((len(names), _number(columns, persons)), dtype=np.bool_)
    smaller: dict[tuple[int, ...], NDArray[np.bool_]] = {(): np.zeros(1, dtype=np.bool_)}
    for size in range(1, largest + 1):
        singled = {}
        for chosen in combinations(range(len(names)), size):
            single = singled[chosen] = _single_rows([columns[place] for place in chosen], persons)
            # Who is singled out by a part is so by every larger part of the set: one column less is enough to look at.
            minimal = single & ~np.logical_or.reduce([smaller[part] for part in combinations(chosen, size - 1)])
            if single.any():
                who = _of_persons(minimal, persons)
                takes_part[list(chosen)] |= who
                title = tuple(names[place] for place in chosen)
                found.append(SinglingSet(title, float(_of_persons(single, persons).mean()), float(who.mean())))
        smaller = singled
    found.sort(key=lambda one: (-one.minimal, len(one.columns), one.columns))
    added = [_contribution(names, columns, persons, at, float(takes_part[at].mean())) for at in range(len(names))]
    added.sort(key=lambda one: (-one.minimal, one.without, one.column))
    return tuple(found), tuple(added)


def _affordable(columns: int, rows: int, largest: int) -> int:
    most = min(largest, columns)
    while most > 1:
        sets = sum(comb(columns, size) for size in range(1, most + 1))
        if sets <= MOST_SETS and comb(columns, most) * rows <= MOST_CELLS:
            break
        most -= 1
    return most


def _single_rows(columns: Columns, persons: NDArray[np.int64] | None) -> NDArray[np.bool_]:
    classes = PersonClasses.of(columns, persons)
    return np.asarray((classes.sizes == 1)[classes.of_row])


def _of_persons(rows: NDArray[np.bool_], persons: NDArray[np.int64] | None) -> NDArray[np.bool_]:
    """(p,) whether any row of a person is among ``rows``."""
    if persons is None:
        return rows
    _, codes = np.unique(persons, return_inverse=True)
    return np.bincount(codes, weights=rows) > 0


def _number(columns: Columns, persons: NDArray[np.int64] | None) -> int:
    return len(columns[0]) if persons is None else len(np.unique(persons))


def _contribution(
    names: Sequence[str], columns: Columns, persons: NDArray[np.int64] | None, place: int, minimal: float
) -> Contribution:
    others = [column for other, column in enumerate(columns) if other != place]
    without = unique_share(PersonClasses.of(others, persons)) if others else 0.0
    alone = unique_share(PersonClasses.of([columns[place]], persons))
    return Contribution(names[place], len(np.unique(columns[place])), alone, without, minimal)
