"""Two releases about the same persons: what they show together that neither shows alone.

A person who is one of k in each release may be the only one who is in both classes. Whoever can tell which row of the
one belongs to which row of the other - by columns that both show exactly, a pseudonym, the order of rows - has the
intersection. And if the classes share a single sensitive value, it is the person's, whatever the rows.

Source : Ganta, Kasiviswanathan and Smith 2008, KDD, Composition Attacks and Auxiliary Information in Data Privacy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cohortium.anonymise.risk.person_classes import PersonClasses
from cohortium.anonymise.tables.coded import distinct_texts, persons_of
from cohortium.errors import NotApplicable
from cohortium.records import Role, Table

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Together:
    """What two releases show together about the persons who are in both.

    persons        : who are in both.
    smallest_each  : persons of the smallest class in the first and in the second release.
    smallest       : persons of the smallest intersection of two classes.
    below          : share of persons in intersections of fewer than ``k`` persons.
    k              : the class size that was held against.
    disclosed      : share of persons whose two classes share a single sensitive value, though neither class has only
                     one; None where no sensitive column was given.
    """

    persons: int
    smallest_each: tuple[int, int]
    smallest: int
    below: float
    k: int
    disclosed: float | None = None


def differencing(
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    *,
    k: int,
    persons: NDArray[np.int64] | None = None,
    sensitive: NDArray[np.int32] | None = None,
) -> Together:
    """Hold two releases of the same rows against each other.

    first, second : (n,) class of each row in each release, -1 where it was left out.
    persons       : whose rows they are (n,).
    sensitive     : codes (n,) of a column that both releases show exactly.
    Raises        : NotApplicable where nobody is in both.
    """
    both = (first >= 0) & (second >= 0)
    if not both.any():
        raise NotApplicable("No person is in both releases.")
    whose = None if persons is None else persons[both]
    pair = PersonClasses.of([first[both].astype(np.int32), second[both].astype(np.int32)], whose)
    size = 1.0 / pair.worst(1.0 / pair.sizes)
    return Together(
        persons=pair.number,
        smallest_each=(_smallest(first, persons), _smallest(second, persons)),
        smallest=int(pair.sizes.min()),
        below=float((size < k - 0.5).mean()),
        k=k,
        disclosed=None if sensitive is None else _disclosed(first, second, both, sensitive, pair),
    )


def joined(first: Table, second: Table, columns: Sequence[str]) -> NDArray[np.int64] | None:
    """(n,) class in ``second`` of each row of ``first``, -1 where it is not there, by the person key that both carry.

    columns : the quasi-identifiers that ``second`` shows.
    Returns : None where one of them has no key, several rows per person, or nobody in common.
    """
    keys = [table.schema.only(Role.PERSON_KEY) for table in (first, second)]
    if keys[0] is None or keys[1] is None or any(persons_of(one) is not None for one in (first, second)):
        return None
    codes, texts = distinct_texts(second, keys[1].name)
    row_of = {texts[code]: row for row, code in enumerate(codes)}
    own, names = distinct_texts(first, keys[0].name)
    row = np.array([row_of.get(name, -1) for name in names], dtype=np.int64)[own]
    classes = PersonClasses.of_table(second, columns).of_row
    return None if (row < 0).all() else np.where(row >= 0, classes[row], -1)


def _smallest(classes: NDArray[np.int64], persons: NDArray[np.int64] | None) -> int:
    kept = classes >= 0
    found = PersonClasses.of([classes[kept].astype(np.int32)], None if persons is None else persons[kept])
    return int(found.sizes.min())


def _disclosed(
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    both: NDArray[np.bool_],
    sensitive: NDArray[np.int32],
    pair: PersonClasses,
) -> float:
    """Share of persons whose classes hold a single common value of which the person's own is one."""
    held = [_values(one, sensitive) for one in (first, second)]
    a, b = held[0][first[both]], held[1][second[both]]
    common = (a & b).sum(axis=1)
    opened = (common == 1) & (a.sum(axis=1) > 1) & (b.sum(axis=1) > 1)
    return float((pair.worst_of_rows(opened.astype(np.float64)) > 0).mean())


def _values(classes: NDArray[np.int64], sensitive: NDArray[np.int32]) -> NDArray[np.bool_]:
    """(c, levels) which values each class holds."""
    kept = classes >= 0
    found = np.zeros((int(classes.max()) + 1, int(sensitive.max()) + 1), dtype=np.bool_)
    found[classes[kept], sensitive[kept]] = True
    return found
