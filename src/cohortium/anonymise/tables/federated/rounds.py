"""The rounds of a joint search: what is known between them, which node is counted next, and the answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.anonymise.tables.lattice import Lattice
from cohortium.anonymise.tables.models.k_anonymity import KAnonymity
from cohortium.anonymise.tables.search.best_first import BestFirst
from cohortium.anonymise.tables.search.question import Answer, Checked, Checker, Question
from cohortium.anonymise.tables.tuples import Tuples
from cohortium.records import Result, State

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cohortium.anonymise.tables.federated.joint_anonymity import JointAnonymity

    Node = NDArray[np.int64]


class _Uncounted(Exception):
    """The walk has come to a node that needs another round."""


@dataclass(slots=True)
class Rounds:
    """What is known of one joint search.

    generalised : (q, levels) what all rows lose in a column at a level, from the counts of its values.
    known       : what was counted, by node; kept in the state.
    base, checker : the node whose combinations are at hand, and what counts the nodes at or above it.
    """

    asked: JointAnonymity
    persons: int
    generalised: NDArray[np.float64]
    known: dict[tuple[int, ...], Checked] = field(default_factory=dict)
    base: tuple[int, ...] | None = None
    checker: Checker | None = None

    @classmethod
    def begun(cls, asked: JointAnonymity, held: Sequence[NDArray[np.int64]], persons: int) -> Rounds:
        """From the counts of every column's values, over all sites."""
        generalised = np.zeros((len(held), max(one.levels for one in asked.levels)))
        for place, (one, counts) in enumerate(zip(asked.levels, held, strict=True)):
            generalised[place, : one.levels] = asked.portions[place] * (one.shares() @ counts) / max(persons, 1)
        return cls(asked, persons, generalised)

    @classmethod
    def of_state(cls, asked: JointAnonymity, state: State) -> Rounds:
        """As ``state`` tells them."""
        arrays = state.arrays
        known = {
            tuple(int(level) for level in node): Checked(float(loss), int(left_out), bool(hopeless), losses)
            for node, loss, left_out, hopeless, losses in zip(
                arrays["nodes"], arrays["loss"], arrays["left_out"], arrays["hopeless"], arrays["losses"], strict=True
            )
        }
        return cls(asked, int(state.facts["persons"]), arrays["generalised"], known)

    def counted(self, cells: NDArray[np.int64], base: tuple[int, ...]) -> Rounds:
        """With the combinations at one node (all possible ones, in mixed radix) at hand."""
        self.base = base
        self.checker = _checker(self.asked, cells, base)
        return self

    def next(self) -> State | Result:
        """The next node to count, or the answer."""
        lattice = Lattice.of([one.levels for one in self.asked.levels])
        rooms = np.exp(lattice.sums(self._log_sizes()))
        countable = rooms <= self.asked.cells * (1 + 1e-9)
        walk = BestFirst(
            lattice, self.generalised, self._count, countable=countable, at_hand=countable & self._all_at_hand(lattice)
        )
        for node, checked in self.known.items():
            walk.take(np.array(node, dtype=np.int64), checked)
        try:
            found = walk.run()
        except _Uncounted:
            return self._state(self._base_below(walk.settling, walk))
        if not self._is_at_hand(np.array(found.node, dtype=np.int64)):
            return self._state(tuple(found.node))
        return self._result(found)

    def _count(self, node: Node) -> Checked:
        if not self._is_at_hand(node):
            raise _Uncounted
        assert self.base is not None and self.checker is not None  # noqa: S101 - they are at hand
        place = tuple(int(level) for level in node)
        self.known[place] = self._on_all_levels(self.checker.check(node - np.array(self.base)), place)
        return self.known[place]

    def _is_at_hand(self, node: Node) -> bool:
        return self.base is not None and bool((node >= np.array(self.base)).all())

    def _all_at_hand(self, lattice: Lattice) -> NDArray[np.bool_]:
        """(size,) nodes that can be counted without another round."""
        found = np.zeros(tuple(lattice.widths), dtype=np.bool_)
        if self.base is not None:
            found[tuple(slice(level, None) for level in self.base)] = True
        return found.ravel()

    def _on_all_levels(self, checked: Checked, node: tuple[int, ...]) -> Checked:
        """The bounds for finer nodes than the base: what a row spares there is at least what it spares at the base.

        A row told at a finer level loses less by being told so, and leaving it out costs at least as much more.
        """
        assert self.base is not None and self.checker is not None  # noqa: S101 - only called with both
        extra = checked.losses - self.checker.loss.generalised
        losses = self.generalised.copy()
        for column, low in enumerate(self.base):
            deep = self.asked.levels[column].levels
            losses[column, low:deep] += extra[column, : deep - low]
            losses[column, :low] += extra[column, 0]
        loss = float(losses[np.arange(len(node)), node].sum()) if np.isfinite(checked.loss) else np.inf
        return Checked(loss, checked.left_out, checked.hopeless, losses)

    def _log_sizes(self) -> NDArray[np.float64]:
        """(q, levels) logarithms of how many groups each level has."""
        sizes = np.zeros_like(self.generalised)
        for place, one in enumerate(self.asked.levels):
            sizes[place, : one.levels] = np.log([len(labels) for labels in one.labels])
        return sizes

    def _base_below(self, node: Node, walk: BestFirst) -> tuple[int, ...]:
        """The node at or below from which, step by step, most of what is pending can be counted, in one round."""
        pending = walk.pending().reshape(tuple(walk.lattice.widths))
        sizes = self._log_sizes()
        room = np.log(self.asked.cells) + 1e-9
        at = node.copy()
        while True:
            best, chosen = -1, -1
            for place in np.flatnonzero(at > 0):
                finer = at.copy()
                finer[place] -= 1
                if sizes[np.arange(len(at)), finer].sum() > room:
                    continue
                covered = int(pending[tuple(slice(level, None) for level in finer)].sum())
                if covered > best:
                    best, chosen = covered, int(place)
            if chosen < 0:
                return tuple(int(level) for level in at)
            at[chosen] -= 1

    def _state(self, base: tuple[int, ...]) -> State:
        known = list(self.known.items())
        shape = self.generalised.shape
        arrays = {
            "generalised": self.generalised,
            "nodes": np.array([node for node, _ in known], dtype=np.int64).reshape(len(known), shape[0]),
            "loss": np.array([one.loss for _, one in known], dtype=np.float64),
            "left_out": np.array([one.left_out for _, one in known], dtype=np.int64),
            "hopeless": np.array([one.hopeless for _, one in known], dtype=np.int64),
            "losses": np.array([one.losses for _, one in known], dtype=np.float64).reshape(len(known), *shape),
        }
        return State("cells", {"base": list(base), "persons": self.persons}, arrays)

    def _result(self, found: Answer) -> Result:
        assert self.base is not None and self.checker is not None  # noqa: S101 - the node is at hand
        base, checker = self.base, self.checker
        node = np.array(found.node, dtype=np.int64)
        classes = checker.classes(node - np.array(base))
        kept = np.flatnonzero(~checker.failing(classes))
        _, first = np.unique(classes.of_tuple, return_index=True)
        shown: dict[str, list[Any]] = {}
        for place, one in enumerate(checker.question.hierarchies):
            level = found.node[place] - base[place]
            groups = one.groups[level][checker.question.tuples.codes[first[kept], place]]
            shown[one.column] = [one.labels[level][group] for group in groups]
        shown["persons"] = [int(number) for number in classes.rows[kept]]
        levels: dict[str, list[Any]] = {
            "column": [one.column for one in self.asked.levels],
            "level": list(found.node),
            "levels": [one.levels for one in self.asked.levels],
        }
        facts = {
            "k": self.asked.k,
            "suppression": self.asked.suppression,
            "loss": found.loss,
            "bound": found.bound,
            "left_out": found.left_out,
            "nodes_counted": found.checks,
            "nodes": found.nodes,
        }
        return Result("Joint anonymisation", self.persons, {"levels": levels, "classes": shown}, facts)


def _checker(asked: JointAnonymity, cells: NDArray[np.int64], base: tuple[int, ...]) -> Checker:
    """What counts the nodes at or above ``base``; its levels begin there."""
    shape = tuple(len(one.labels[level]) for one, level in zip(asked.levels, base, strict=True))
    held = np.flatnonzero(cells)
    codes = np.stack(np.unravel_index(held, shape), axis=1).astype(np.int32)
    tuples = Tuples(codes, cells[held], np.empty(0, dtype=np.int64), {})
    hierarchies = tuple(one.from_level(level) for one, level in zip(asked.levels, base, strict=True))
    question = Question(
        tuples, hierarchies, (KAnonymity(asked.k),), suppression=asked.suppression, weights=tuple(asked.portions)
    )
    return Checker(question)
