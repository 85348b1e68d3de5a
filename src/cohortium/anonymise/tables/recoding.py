"""Which level each combination of values is told at, and which are left out: what every search comes to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from cohortium.anonymise.tables.hierarchy import Hierarchy
from cohortium.anonymise.tables.models.protocol import Classes
from cohortium.anonymise.tables.search.question import Answer, Checker, Question
from cohortium.anonymise.tables.tuples import Tuples

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Recoding:
    """A release of a table, combination by combination.

    levels   : (t, q) the level at which each column of each combination is told.
    left_out : (t,) True where its rows do not leave.
    loss     : from 0 to 1.
    bound    : no release of the kind that was searched loses less; 0 where nothing is known.
    checks   : nodes that were counted on the way.
    """

    levels: NDArray[np.int8]
    left_out: NDArray[np.bool_]
    loss: float
    bound: float = 0.0
    checks: int = 0

    @classmethod
    def at_node(cls, question: Question, answer: Answer) -> Recoding:
        """The release at one node of the lattice, without the classes that the models refuse there."""
        checker = Checker(question)
        classes = checker.classes(np.array(answer.node, dtype=np.int64))
        levels = np.broadcast_to(np.array(answer.node, dtype=np.int8), question.tuples.codes.shape)
        left_out = (checker.failing(classes) | (classes.rows == 0))[classes.of_tuple]
        return cls(levels, left_out, answer.loss, answer.bound, answer.checks)

    def told(self, tuples: Tuples, hierarchies: Sequence[Hierarchy]) -> list[tuple[NDArray[np.int32], list[str]]]:
        """Per column, codes (t,) and what each code is told as; equal texts of different levels are one code."""
        found = []
        for column, one in enumerate(hierarchies):
            texts: dict[str, int] = {}
            level = self.levels[:, column].astype(np.int64)
            group = one.groups[level, tuples.codes[:, column]]
            pairs, of_tuple = np.unique(level << 32 | group, return_inverse=True)
            codes = [texts.setdefault(one.labels[pair >> 32][pair & 0xFFFFFFFF], len(texts)) for pair in pairs]
            found.append((np.array(codes, dtype=np.int32)[of_tuple], list(texts)))
        return found

    def classes(self, tuples: Tuples, hierarchies: Sequence[Hierarchy]) -> tuple[Classes, NDArray[np.int64]]:
        """The classes of what leaves, by what is told, and which combinations leave (places in ``tuples``)."""
        kept = np.flatnonzero(~self.left_out)
        keys = np.stack([codes[kept] for codes, _ in self.told(tuples, hierarchies)], axis=1)
        _, of_tuple = np.unique(keys, axis=0, return_inverse=True)
        shown = np.ascontiguousarray(keys.T.astype(np.int32))
        return replace(Classes.of(of_tuple.reshape(-1), tuples.some(kept)), shown=shown), kept
