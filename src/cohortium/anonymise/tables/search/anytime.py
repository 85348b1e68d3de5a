"""The best release that a limit of time allows, and how far from the best possible it can be at most.

Boxes of the lattice are bounded instead of nodes, so that it may have any size. Counting the most general node of a box
tells which rows are in classes too small there; they are so everywhere in the box, and their cost of being left out is
owed by all its nodes. What generalising to the box's most exact levels loses is owed, too. The box that owes least is
halved next. So the least that any open box owes is what no release can lose less than, at any time; and once that is
what the best release found loses, this is the best.

Good releases come from descents: from a node that is allowed, step by step, to the neighbour that loses least.

Sources : branch and bound (Land and Doig 1960); what is owed by finer nodes as in ``best_first``.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from cohortium.anonymise.tables.search.parts import LARGEST, bound_by_parts
from cohortium.anonymise.tables.search.question import Answer, Checked, Checker, Progress, Question, unwatched
from cohortium.errors import NotApplicable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Node = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Box = tuple[tuple[int, ...], tuple[int, ...]]

ROUNDING = 1e-12
TINY = 1e-6
TRIED = 3
"""Cuts of a box that are tried before one is taken, those first that cost most on the general side."""
DESCENDING, PARTS = 0.4, 0.4
"""Shares of the time: for descents while boxes are open, and at most for bounding parts of the columns beforehand."""


def search_anytime(
    question: Question,
    *,
    seconds: float = 30.0,
    steps: int | None = None,
    progress: Progress = unwatched,
    clock: Callable[[], float] = time.monotonic,
) -> Answer:
    """The release of least loss that was found, with a bound that no release's loss is below.

    seconds : after so long it answers; how far it came by then depends on the machine.
    steps   : after so many nodes counted it answers, in the place of time: the same question, the same answer.
    Raises  : NotApplicable where the question allows no release, or none was found in time.
    """
    walk = _Walk(question)
    began = clock()

    def is_over() -> bool:
        return walk.checker.checks >= steps if steps is not None else clock() - began >= seconds

    if steps is None and question.lattice.size > LARGEST:
        walk.least = bound_by_parts(question, lambda: clock() - began >= PARTS * seconds)
    descents = walk.descents()
    spent = {"descending": 0, "bounding": 0}
    while not is_over() and not walk.is_settled:
        before = walk.checker.checks
        is_descending = spent["descending"] <= DESCENDING * sum(spent.values())
        if is_descending and next(descents, None) is not None:
            spent["descending"] += walk.checker.checks - before
        else:
            walk.halve()
            spent["bounding"] += max(walk.checker.checks - before, 1)
        share = walk.checker.checks / steps if steps is not None else (clock() - began) / seconds
        progress(f"at most {walk.gap:.1%} above the least loss", min(share, 1.0))
    return walk.answer()


class _Walk:
    """Open boxes, by what they owe, and the best release so far."""

    def __init__(self, question: Question) -> None:
        self.question, self.lattice = question, question.lattice
        self.checker = Checker(question)
        self.known: dict[tuple[int, ...], Checked] = {}
        self.best, self.best_out = np.inf, 0
        self.best_node: tuple[int, ...] = ()
        self.least = 0.0
        self.open: list[tuple[float, int, Box]] = []
        self.pushed = 0
        self._push((self.lattice.least, self.lattice.greatest))

    @property
    def bound(self) -> float:
        """What no release loses less than."""
        return min(max(self.open[0][0] if self.open else np.inf, self.least), self.best)

    @property
    def is_settled(self) -> bool:
        """Whether no open box could hold a better release."""
        return self.bound >= self.best - ROUNDING

    @property
    def gap(self) -> float:
        """By which part of the bound the best release may be above the least; infinite where none was found."""
        return (self.best - self.bound) / self.bound if self.bound > 0 else np.inf

    def answer(self) -> Answer:
        """What was found."""
        if not self.best_node:
            told = "no release satisfies the models" if self.is_settled else "none was found in time"
            raise NotApplicable(f"The search ended, and {told}. Let more rows be left out, or ask less of the models.")
        return Answer(self.best_node, self.best, self.bound, self.best_out, self.checker.checks, self.lattice.size)

    def halve(self) -> None:
        """Cut the box that owes least in two: one side without the most general levels, one without the most exact."""
        owed, _, (least, greatest) = heapq.heappop(self.open)
        cuts = [(c, (low + high) // 2) for c, (low, high) in enumerate(zip(least, greatest, strict=True)) if low < high]
        if not cuts:
            return
        told = self.checker.loss.generalised
        cuts = sorted(cuts, key=lambda cut: told[cut[0], least[cut[0]]] - told[cut[0], cut[1] + 1])[:TRIED]
        sides = [((least, _with(greatest, c, at)), (_with(least, c, at + 1), greatest)) for c, at in cuts]
        for box in max(sides, key=lambda both: self._lift(both, owed)):
            self._push(box)

    def _lift(self, sides: tuple[Box, Box], owed: float) -> float:
        """How much more both sides of a cut owe than the box did."""
        more = [max(min(self._owed(side), 1.0) - owed, 0.0) for side in sides]
        return (more[0] + TINY) * (more[1] + TINY)

    def descents(self) -> Iterator[bool]:
        """Steps of descents, one after the other; the first from the most general node, others from random ones."""
        rng = np.random.default_rng(0)
        start = self.lattice.greatest
        while True:
            yield from self._descend(start)
            start = tuple(
                int(rng.integers(low, high + 1))
                for low, high in zip(self.lattice.least, self.lattice.greatest, strict=True)
            )

    def _descend(self, node: tuple[int, ...]) -> Iterator[bool]:
        here = self._count(node)
        while not np.isfinite(here.loss) and node != self.lattice.greatest:
            # Not allowed: more general in the column that costs least.
            ups = [_with(node, c, node[c] + 1) for c in range(len(node)) if node[c] < self.lattice.greatest[c]]
            node = min(ups, key=self._generalised)
            here = self._count(node)
            yield True
        while np.isfinite(here.loss):
            better = None
            for other in self._neighbours(node):
                found = self._count(other)
                if found.loss < (here.loss if better is None else better[1].loss) - ROUNDING:
                    better = other, found
                yield True
            if better is None:
                return
            node, here = better

    def _neighbours(self, node: tuple[int, ...]) -> list[tuple[int, ...]]:
        """More exact in one column; or that, and more general in another."""
        downs = [_with(node, c, node[c] - 1) for c in range(len(node)) if node[c] > self.lattice.least[c]]
        swaps = [
            _with(down, c, down[c] + 1)
            for down in downs
            for c in range(len(node))
            if down[c] == node[c] and node[c] < self.lattice.greatest[c]
        ]
        return downs + [one for one in swaps if self._generalised(one) < self._generalised(node)]

    def _generalised(self, node: tuple[int, ...]) -> float:
        losses = self.checker.loss.generalised
        return float(losses[np.arange(len(node)), list(node)].sum())

    def _push(self, box: Box) -> None:
        owed = self._owed(box)
        if owed < self.best - ROUNDING:
            self.pushed += 1
            heapq.heappush(self.open, (owed, self.pushed, box))

    def _owed(self, box: Box) -> float:
        """What every release of a box loses at least; infinite where none of them is allowed."""
        least, greatest = box
        checked = self._count(greatest)
        if least == greatest:
            return checked.loss
        if checked.hopeless:
            return np.inf
        return float(checked.losses[np.arange(len(least)), list(least)].sum())

    def _count(self, node: tuple[int, ...]) -> Checked:
        if node not in self.known:
            found = self.checker.check(np.array(node, dtype=np.int64))
            self.known[node] = found
            if found.loss < self.best - ROUNDING:
                self.best, self.best_node, self.best_out = found.loss, node, found.left_out
        return self.known[node]


def _with(node: tuple[int, ...], column: int, level: int) -> tuple[int, ...]:
    return (*node[:column], level, *node[column + 1 :])
