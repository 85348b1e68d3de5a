"""Local recoding: every combination is told as exactly as those near it allow, not as the worst of its column.

Combinations are classes at first. In blocks of neighbours, classes that are too small are put together with the class
with which all their rows lose least, and told as what they have in common. Then the classes are judged by all models;
those that fail get another class each, until none fails.

What is told exactly at one place stands beside what is told vaguely at another, so a table says more with the same k.
It says it less evenly: an analysis must allow for values of different exactness in one column.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cohortium.anonymise.tables.local.agglomeration import agglomerate
from cohortium.anonymise.tables.local.blocks import cut, specialised_order
from cohortium.anonymise.tables.local.forest import Forest, grown
from cohortium.anonymise.tables.models.k_anonymity import KAnonymity
from cohortium.anonymise.tables.models.protocol import Classes
from cohortium.anonymise.tables.recoding import Recoding
from cohortium.anonymise.tables.search.question import Progress, Question, failing_classes, unwatched
from cohortium.errors import InvalidRequest, NotApplicable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Whole = NDArray[np.int64]
    Nodes = NDArray[np.int32]

BLOCK = 48
"""Classes of a block at first: larger ones find better neighbours, and cost time in proportion."""
STRETCH = 64
"""Blocks that are worked on between two looks at who watches."""
FASTER = 1.25
"""By how much the fewest rows of a class grow where a model of the whole release does not hold."""


def search_locally(question: Question, *, progress: Progress = unwatched) -> Recoding:
    """A release with a level for every combination and column; of small loss, without a proof that it is the least.

    No row is left out unless the models can be met in no other way; then as many as the question allows.
    Raises : NotApplicable where that does not suffice; InvalidRequest where a model counts a population.
    """
    if question.tuples.population is not None:
        raise InvalidRequest("Local recoding cannot count a population; search exactly, or leave the population out.")
    work = _Work.of(question)
    work.put_together(progress)
    left_out = work.refused()
    out = int(question.tuples.counts[left_out].sum())
    if out > question.most_left_out or not work.holds(left_out):
        raise NotApplicable(
            f"However combinations are put together, {out:,} rows stay in classes that the models refuse; "
            f"{question.most_left_out:,} may be left out. Ask less of the models, let more rows be left out, or allow "
            "higher levels."
        )
    told = work.nodes[work.of_tuple]
    losses = np.where(left_out, 1.0, work.forest.share[told].sum(axis=1))
    loss = float(question.tuples.counts @ losses) / question.tuples.rows
    levels = np.where(left_out[:, None], 0, work.forest.level[told]).astype(np.int8)
    return Recoding(levels, left_out, loss)


@dataclass(eq=False)
class _Work:
    """Classes that grow.

    nodes    : (c, q) what each is told as, as nodes of the forest.
    rows     : (c,) its rows.
    codes    : (c, q) values of one of its combinations, by which its place in the order is found.
    of_tuple : (t,) the class of each combination.
    """

    question: Question
    forest: Forest
    portions: NDArray[np.float64]
    nodes: Nodes
    rows: Whole
    codes: Nodes
    of_tuple: Whole

    @classmethod
    def of(cls, question: Question) -> _Work:
        """One class per combination of quasi-identifying values, told as exactly as is allowed."""
        tuples, lattice = question.tuples, question.lattice
        weights = np.asarray(question.weights or (1.0,) * len(question.hierarchies), dtype=np.float64)
        levels = [range(least, most + 1) for least, most in zip(lattice.least, lattice.greatest, strict=True)]
        forest, lowest = grown(question.hierarchies, levels, weights / weights.sum())
        every = np.stack([one[tuples.codes[:, place]] for place, one in enumerate(lowest)], axis=1)
        nodes, first, of_tuple = np.unique(every, axis=0, return_index=True, return_inverse=True)
        of_tuple = of_tuple.reshape(-1).astype(np.int64)
        rows = np.bincount(of_tuple, weights=tuples.counts).astype(np.int64)
        return cls(question, forest, weights / weights.sum(), np.ascontiguousarray(nodes, dtype=np.int32), rows,
                   tuples.codes[first], of_tuple)  # fmt: skip

    def put_together(self, progress: Progress) -> None:
        """Let classes grow until the models accept all of them, or no class finds another."""
        k = max((model.k for model in self.question.classes if isinstance(model, KAnonymity)), default=1)
        needs, size = np.zeros(len(self.rows), dtype=np.bool_), BLOCK
        while True:
            before = np.unique(self.of_tuple)
            self._in_blocks(before, needs, size, k, progress)
            after = np.unique(self.of_tuple)
            refused = self.refused()
            is_stuck = len(after) == len(before) and size >= len(before)
            if not refused.any() and not self.holds(refused) and not is_stuck:
                k = max(k + 1, math.ceil(k * FASTER))
            elif not refused.any() or is_stuck:
                return
            needs[:] = False
            needs[self.of_tuple[refused]] = True
            size = 2 * size

    def _in_blocks(self, alive: Whole, needs: NDArray[np.bool_], size: int, k: int, progress: Progress) -> None:
        order = alive[specialised_order(self.codes[alive], self.rows[alive], self.question.hierarchies, self.portions)]
        blocks = cut(len(order), size)
        for start in range(0, len(blocks) - 1, STRETCH):
            progress("putting neighbours together", start / len(blocks))
            some = blocks[start : start + STRETCH + 1]
            into = agglomerate(self.forest, self.nodes, self.rows, needs, some, order, k)
            self.of_tuple = into[self.of_tuple]

    def refused(self) -> NDArray[np.bool_]:
        """(t,) True where a model refuses the class of a combination."""
        classes = self._classes()
        return failing_classes(self.question.classes, classes)[classes.of_tuple]

    def holds(self, left_out: NDArray[np.bool_]) -> bool:
        """Whether the models of the whole release hold without the combinations that are left out (t,)."""
        classes = self._classes()
        out = np.zeros(len(classes), dtype=np.bool_)
        out[classes.of_tuple[left_out]] = True
        return all(model.holds(classes.persons()[~out]) for model in self.question.release)

    def _classes(self) -> Classes:
        alive, of_tuple = np.unique(self.of_tuple, return_inverse=True)
        # Two classes that are told alike are one to whoever reads the release.
        _, of_class = np.unique(self.nodes[alive], axis=0, return_inverse=True)
        plain = Classes.of(of_class.reshape(-1)[of_tuple.reshape(-1)], self.question.tuples)
        shown = np.ascontiguousarray(self.nodes[self.of_tuple].T)
        return Classes(plain.of_tuple, plain.rows, self.question.tuples, shown)
