"""Who is attacked: members of the training table beside strangers, as many of each, person by person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cohortium.errors import NotApplicable, TooFewRecords
from cohortium.evaluate.comparison import Comparison
from cohortium.numerics.neighbours import width
from cohortium.records import Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_PERSONS = 6_000
"""Members, and as many strangers, that are attacked at most; the interval is then about 0.01 wide to either side."""

FEWEST_PERSONS = 20

ROWS_EACH = 5
"""Rows of one person that the attacker looks at, at most; more would count the same person's secret again."""

MOST_SYNTHETIC, MOST_PAIRS, MOST_CELLS = 60_000, 240_000_000, 100_000_000
"""Synthetic rows that are searched; persons times synthetic rows; coordinates held in memory at one time."""


@dataclass(frozen=True, slots=True)
class Persons:
    """Persons of one table.

    rows   : their rows' numbers in the table, person after person.
    starts : (persons,) where in ``rows`` each person begins.
    """

    rows: NDArray[np.int64]
    starts: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.starts)

    def strongest(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Per person the highest of its rows' scores."""
        return np.maximum.reduceat(scores, self.starts)

    @property
    def first(self) -> NDArray[np.int64]:
        """One row of each person."""
        return self.rows[self.starts]


@dataclass(frozen=True, slots=True)
class LineUp:
    """Members beside as many strangers, and the real persons that the attacker compares with.

    members   : of ``pair.real``.
    strangers : of ``pair.holdout``.
    reference : rows of other persons of ``pair.holdout``, whom the attacker knows not to be members.
    """

    members: Persons
    strangers: Persons
    reference: NDArray[np.int64]


def line_up(pair: Comparison, rng: np.random.Generator) -> LineUp:
    """Draw members, strangers and reference persons, nobody twice; a third or more of the held-out are reference.

    Raises : NotApplicable without held-out persons; TooFewRecords below 20 persons on either side.
    """
    members, strangers = pair.real.persons(), held_out(pair).persons()
    inside, outside = rng.permutation(persons_of(members)), rng.permutation(persons_of(strangers))
    require(len(inside), len(outside))
    most = most_persons(pair)
    aside = max(len(outside) - most, len(outside) // 3)
    count = min(len(inside), len(outside) - aside, most)
    return LineUp(
        gather(members, inside[:count], rng),
        gather(strangers, outside[aside:][:count], rng),
        gather(strangers, outside[: min(aside, 2 * most)], rng).rows,
    )


def one_row_each(pair: Comparison, most: int, rng: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of ``pair.real`` and of ``pair.holdout``: one of each of equally many persons, at most ``most``.

    Raises : NotApplicable without held-out persons; TooFewRecords below 20 persons on either side.
    """
    sides = pair.real.persons(), held_out(pair).persons()
    persons = [rng.permutation(persons_of(side)) for side in sides]
    require(len(persons[0]), len(persons[1]))
    count = min(most, len(persons[0]), len(persons[1]))
    first, second = (gather(side, who[:count], rng, 1).rows for side, who in zip(sides, persons, strict=True))
    return first, second


def gather(
    persons: NDArray[np.int32], chosen: NDArray[np.int64], rng: np.random.Generator, rows_each: int = ROWS_EACH
) -> Persons:
    """The chosen persons, each with at most ``rows_each`` of its rows, drawn at random.

    persons : (n,) the person of every row, as ``Table.persons`` gives it.
    """
    place = np.full(int(persons.max(initial=-1)) + 1, -1, dtype=np.int64)
    place[chosen] = np.arange(len(chosen))
    shuffled = rng.permutation(len(persons))
    rows = shuffled[place[persons[shuffled]] >= 0]
    rows = rows[np.argsort(place[persons[rows]], kind="stable")]
    owner = place[persons[rows]]
    begins = np.searchsorted(owner, np.arange(len(chosen)))
    rows = rows[np.arange(len(rows)) - begins[owner] < rows_each]
    return Persons(rows, np.searchsorted(place[persons[rows]], np.arange(len(chosen))))


def persons_of(persons: NDArray[np.int32]) -> NDArray[np.int64]:
    """The codes of the persons who have a row."""
    return np.unique(persons).astype(np.int64)


def held_out(pair: Comparison) -> Table:
    """The held-out persons.

    Raises : NotApplicable where there are none, or no columns to attack.
    """
    require_columns(pair)
    if pair.holdout is None:
        raise NotApplicable("Attacks are read against real persons who were held out from the synthesiser; give some.")
    return pair.holdout


def require_columns(pair: Comparison) -> None:
    """Raises NotApplicable where no column can be attacked."""
    if not pair.encoded.names:
        raise NotApplicable("There is no column to attack: all that both tables have are identifiers or free text.")


def require(inside: int, outside: int, fewest: int = FEWEST_PERSONS) -> None:
    """Raises TooFewRecords unless there are ``fewest`` persons on either side."""
    if min(inside, outside) < fewest:
        raise TooFewRecords(
            f"This attack needs at least {fewest} persons in the training table and {fewest} held out; "
            f"there are {inside} and {outside}."
        )


def most_synthetic(pair: Comparison) -> int:
    """How many synthetic rows an attack searches."""
    if not len(pair.synthetic):
        raise TooFewRecords("An attack needs at least one synthetic row; the synthetic table is empty.")
    return min(len(pair.synthetic), MOST_SYNTHETIC, max(1_000, MOST_CELLS // (4 * _width(pair))))


def most_persons(pair: Comparison) -> int:
    """How many members, and how many strangers, an attack takes: fewer where the synthetic table is long or wide."""
    by_pairs = max(2_000, MOST_PAIRS // (2 * most_synthetic(pair)))
    return min(MOST_PERSONS, by_pairs, max(500, MOST_CELLS // (8 * _width(pair))))


def _width(pair: Comparison) -> int:
    return width(pair.encoded.values, pair.encoded.nominal)
