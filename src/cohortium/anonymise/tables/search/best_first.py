"""Best first over a lattice with bounds that counting lifts: the walk that every exact search shares.

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

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from cohortium.anonymise.tables.lattice import Lattice
from cohortium.anonymise.tables.search.question import Answer, Checked, Progress, unwatched
from cohortium.errors import NotApplicable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Node = NDArray[np.int64]

ROUNDING = 1e-12


class BestFirst:
    """The walk over one lattice.

    lattice     : the nodes.
    generalised : (q, levels) what all rows lose in a column at a level.
    count       : counts a node.
    countable   : (size,) nodes that can be counted; all where None. The others are bounded only.
    at_hand     : (size,) nodes that are settled before any other, since counting them costs least; all where None.
    """

    def __init__(
        self,
        lattice: Lattice,
        generalised: NDArray[np.float64],
        count: Callable[[Node], Checked],
        progress: Progress = unwatched,
        countable: NDArray[np.bool_] | None = None,
        at_hand: NDArray[np.bool_] | None = None,
    ) -> None:
        self.lattice = lattice
        self.generalised = generalised
        self.bounds = lattice.sums(generalised)
        self.countable = countable
        self.at_hand = at_hand
        self.known: dict[int, Checked] = {}
        self.best, self.best_place = np.inf, -1
        self.settling = lattice.top
        self.progress = progress
        self._count = count

    def run(self) -> Answer:
        """The best release. Raises NotApplicable where there is none."""
        self._counted(self.lattice.top)
        while True:
            place, bound = self._least(self.countable if self.at_hand is None else self.at_hand)
            if self.at_hand is not None and bound >= self.best - ROUNDING:
                place, bound = self._least(self.countable)
            if bound >= self.best - ROUNDING:
                return self._answer()
            self.settling = self.lattice.node(place)
            self._settle(self.settling)
            if len(self.known) % 16 == 0:
                self.progress("searching for the least loss", min(bound / self.best, 1.0) if self.best < np.inf else 0)

    def bound_until(self, is_over: Callable[[], bool]) -> float:
        """What no release loses less than, as far as is known by then; infinite where there is none."""
        self._counted(self.lattice.top)
        while True:
            place, bound = self._least(self.countable)
            if bound >= self.best - ROUNDING:
                return float(self.best)
            if is_over():
                return bound
            self.settling = self.lattice.node(place)
            self._settle(self.settling)

    def take(self, node: Node, checked: Checked) -> None:
        """Learn what was counted at a node, now or earlier."""
        place = self.lattice.place(node)
        self.known[place] = checked
        if checked.hopeless:
            self.lattice.rule_out_below(self.bounds, node)
        else:
            self.lattice.raise_below(self.bounds, node, checked.losses)
        if checked.loss < self.best:
            self.best, self.best_place = checked.loss, place
        self.bounds[place] = np.inf

    def pending(self) -> NDArray[np.bool_]:
        """(size,) nodes that may still be better than the best, and can be counted."""
        better = self.bounds < self.best - ROUNDING
        return better if self.countable is None else better & self.countable

    def _least(self, among: NDArray[np.bool_] | None) -> tuple[int, float]:
        bounds = self.bounds if among is None else np.where(among, self.bounds, np.inf)
        place = int(np.argmin(bounds))
        return place, float(bounds[place])

    def _settle(self, node: Node) -> None:
        """Rule a node out by way of the most general one that does, or count it."""
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
        return checked.hopeless or float(checked.losses[np.arange(len(node)), node].sum()) >= self.best

    def _counted(self, node: Node) -> Checked:
        place = self.lattice.place(node)
        if place not in self.known:
            self.take(node, self._count(node))
        return self.known[place]

    def _answer(self) -> Answer:
        if self.best_place < 0:
            raise NotApplicable(
                "No release of this table satisfies the models, not even the most general one. Ask for less (a smaller "
                "k), or allow more rows to be left out."
            )
        node = tuple(int(level) for level in self.lattice.node(self.best_place))
        bound = self.best
        if self.countable is not None and not self.countable.all():
            bound = min(bound, float(self.bounds[~self.countable].min()))
        left_out = self.known[self.best_place].left_out
        return Answer(node, self.best, bound, left_out, len(self.known), self.lattice.size)
