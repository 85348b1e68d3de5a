"""The release that loses least, with the proof that none loses less.

Every node of the lattice carries a lower bound on the loss of a release there. It starts as what generalising alone
loses. Counting a node lifts the bounds of all finer ones: a row in a class that is too small there is in one that is
too small at every finer node, so its cost of being left out is owed there, too. The node with the least bound is next;
once that bound reaches the best release found, none can be better.

Which node is counted for a finer one whose bound is too low is found by halving on the way from it to the most general
node: the most general one that still rules it out rules out most others with it.

Sources : nested failures as in Incognito (LeFevre, DeWitt and Ramakrishnan 2005, SIGMOD) and Flash (Kohlmayer, Prasser
          et al. 2012, PASSAT); the bound by what is owed is ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cohortium.anonymise.tables.lattice import MOST_NODES
from cohortium.anonymise.tables.search.pairs import rule_out_by_pairs
from cohortium.anonymise.tables.search.question import Answer, Checked, Checker, Progress, Question, unwatched
from cohortium.errors import InvalidRequest, NotApplicable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Node = NDArray[np.int64]

ROUNDING = 1e-12


def search_exactly(question: Question, *, progress: Progress = unwatched) -> Answer:
    """The least loss that the question allows, as an ``Answer`` that ``is_optimal``.

    Raises : InvalidRequest where the lattice is too large for a bound per node; NotApplicable where the question
             allows no release at all.
    """
    size = question.lattice.size
    if size > MOST_NODES:
        raise InvalidRequest(
            f"The {len(question.hierarchies)} columns have {size:,} combinations of levels; an exact "
            f"search covers {MOST_NODES:,}. Search with a limit of time instead, or fix some levels."
        )
    return _Search(question, progress).run()


class _Search:
    def __init__(self, question: Question, progress: Progress) -> None:
        self.lattice = question.lattice
        self.checker = Checker(question)
        self.generalised = self.checker.loss.generalised
        self.bounds = self.lattice.sums(self.generalised)
        self.known: dict[int, Checked] = {}
        self.best, self.best_place = np.inf, -1
        self.progress = progress
        rule_out_by_pairs(question, self.bounds)

    def run(self) -> Answer:
        self._counted(self.lattice.top)
        while True:
            place = int(np.argmin(self.bounds))
            bound = float(self.bounds[place])
            if bound >= self.best - ROUNDING:
                return self._answer()
            self._settle(self.lattice.node(place))
            if self.checker.checks % 16 == 0:
                self.progress("searching for the least loss", min(bound / self.best, 1.0) if self.best < np.inf else 0)

    def _settle(self, node: Node) -> None:
        """Rule the node out by way of the most general one that does, or count it."""
        chain = self._way_up(node)
        below, above = -1, len(chain) - 1
        while above - below > 1:
            middle = (below + above) // 2
            below, above = (middle, above) if self._rules_out(chain[middle], node) else (below, middle)
        if below < 0:
            self._counted(node)

    def _way_up(self, node: Node) -> list[Node]:
        """From a node to the top, each step the one that costs least loss."""
        chain, at, top = [node], node, self.lattice.top
        while (at < top).any():
            steps = np.flatnonzero(at < top)
            costs = self.generalised[steps, at[steps] + 1] - self.generalised[steps, at[steps]]
            at = at.copy()
            at[steps[np.argmin(costs)]] += 1
            chain.append(at)
        return chain

    def _rules_out(self, upper: Node, node: Node) -> bool:
        checked = self._counted(upper)
        return checked.hopeless or self.checker.loss.of_node(node, checked.losses) >= self.best

    def _counted(self, node: Node) -> Checked:
        place = self.lattice.place(node)
        if place in self.known:
            return self.known[place]
        checked = self.known[place] = self.checker.check(node)
        if checked.hopeless:
            self.lattice.rule_out_below(self.bounds, node)
        else:
            self.lattice.raise_below(self.bounds, node, checked.losses)
        if checked.loss < self.best:
            self.best, self.best_place = checked.loss, place
        self.bounds[place] = np.inf
        return checked

    def _answer(self) -> Answer:
        if self.best_place < 0:
            raise NotApplicable(
                "No release of this table satisfies the models, not even the most general one. Ask for less (a smaller "
                "k), or allow more rows to be left out."
            )
        node = tuple(int(level) for level in self.lattice.node(self.best_place))
        left_out = self.known[self.best_place].left_out
        return Answer(node, self.best, self.best, left_out, self.checker.checks, self.lattice.size)
