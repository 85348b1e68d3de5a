"""Risk against utility: for every class size and every share of rows that may be left out, the release of least loss.

Searches share what they find. A release that needs no more than a smaller allowance is also the best under that one;
one whose classes are larger than asked is also the best for the larger size.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cohortium.anonymise.tables.hierarchy import Hierarchy
from cohortium.anonymise.tables.models import KAnonymity
from cohortium.anonymise.tables.search import Answer, Question, search_exactly
from cohortium.anonymise.tables.search.question import Checker, Progress, unwatched
from cohortium.anonymise.tables.tuples import Tuples
from cohortium.anonymise.tables.utility.average_class_size import average_class_size
from cohortium.anonymise.tables.utility.discernibility import discernibility
from cohortium.errors import InvalidRequest, NotApplicable

if TYPE_CHECKING:
    pass

SIZES = (2, 3, 5, 10, 20, 50)
SHARES = (0.0, 0.01, 0.02, 0.05, 0.1)


@dataclass(frozen=True, slots=True)
class Point:
    """The release of least loss for one class size and one allowance.

    k, suppression  : what was asked: persons of a class, and share of rows that may be left out.
    node            : level per column.
    loss            : from 0 to 1, the least that is possible.
    left_out        : rows that are left out.
    classes         : how many classes leave.
    smallest        : persons of the smallest one.
    average_risk    : mean over persons of 1 / persons of the class.
    class_size      : mean rows of a class over k: 1 where no class is larger than asked.
    discernibility  : mean over rows of how many rows cannot be told from it; all, for one that is left out.
    """

    k: int
    suppression: float
    node: tuple[int, ...]
    loss: float
    left_out: int
    classes: int
    smallest: int
    average_risk: float
    class_size: float
    discernibility: float

    @property
    def highest_risk(self) -> float:
        """The chance to find the person who is found most easily; 0 where nothing leaves."""
        return 1.0 / self.smallest if self.smallest else 0.0


@dataclass(frozen=True, slots=True)
class Frontier:
    """All points, by k and then by allowance, and the table as it is.

    before   : the table at level 0 of every column, nothing left out.
    columns  : names of the quasi-identifiers, as ``Point.node`` counts them.
    searches : how many searches it took; the others followed from these.
    """

    before: Point
    points: tuple[Point, ...]
    columns: tuple[str, ...]
    rows: int
    searches: int


def frontier(
    tuples: Tuples,
    hierarchies: Sequence[Hierarchy],
    *,
    sizes: Iterable[int] = SIZES,
    shares: Iterable[float] = SHARES,
    progress: Progress = unwatched,
) -> Frontier:
    """The frontier of a table; sizes of which it has not enough persons are left away.

    Raises  : InvalidRequest where the lattice is too large for an exact search, or no point is left.
    Reveals : figures of releases that depend on all rows.
    """
    search = _Frontier(tuples, tuple(hierarchies))
    wanted = [(k, share) for k in sorted(set(sizes)) for share in sorted(set(shares), reverse=True)]
    found = []
    for number, (k, share) in enumerate(wanted):
        progress("searching the frontier", number / len(wanted))
        answer = search.answer(k, share)
        if answer is not None:
            found.append(search.point(k, share, answer.node))
    if not found:
        raise InvalidRequest(f"The table has too few persons for classes of {min(k for k, _ in wanted)}.")
    before = search.point(1, 0.0, (0,) * len(hierarchies))
    found.sort(key=lambda one: (one.k, one.suppression))
    return Frontier(before, tuple(found), tuple(one.column for one in hierarchies), tuples.rows, search.searches)


class _Frontier:
    def __init__(self, tuples: Tuples, hierarchies: tuple[Hierarchy, ...]) -> None:
        self.tuples, self.hierarchies = tuples, hierarchies
        self.checker = Checker(self._question(2, 1.0))
        self.known: list[tuple[int, float, Answer, int]] = []
        self.searches = 0

    def answer(self, k: int, share: float) -> Answer | None:
        """The least loss, found anew or known from an easier question; None where nothing may leave."""
        question = self._question(k, share)
        for asked, allowed, answer, smallest in self.known:
            if asked <= k and allowed >= share and smallest >= k and answer.left_out <= question.most_left_out:
                return answer
        try:
            answer = search_exactly(question)
        except NotApplicable:
            return None
        self.searches += 1
        self.known.append((k, share, answer, self.point(k, share, answer.node).smallest))
        return answer if self.known[-1][3] else None

    def point(self, k: int, share: float, node: tuple[int, ...]) -> Point:
        """What leaves at a node once classes of fewer than k persons are left out."""
        classes = self.checker.classes(np.array(node, dtype=np.int64))
        persons, rows = classes.persons(), classes.rows
        kept = persons >= k
        total = self.tuples.rows
        out = int(rows[~kept].sum())
        number = int(kept.sum())
        return Point(
            k=k,
            suppression=share,
            node=node,
            loss=self.checker.loss.of_release(np.array(node), self.tuples, ~kept[classes.of_tuple]),
            left_out=out,
            classes=number,
            smallest=int(persons[kept].min()) if number else 0,
            average_risk=number / float(persons[kept].sum()) if number else 0.0,
            class_size=average_class_size(rows[kept], k) if number else 0.0,
            discernibility=discernibility(rows[kept], out) / total,
        )

    def _question(self, k: int, share: float) -> Question:
        return Question(self.tuples, self.hierarchies, (KAnonymity(k),), suppression=share)
