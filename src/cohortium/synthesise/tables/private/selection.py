"""Which marginals to measure: in rounds, those that the model so far gets most wrong.

A candidate's score is how many persons the model puts into the wrong cell of that marginal, less what measuring it
would put wrong by noise, weighed by its use. Scores are whole numbers that change by at most 1 with one person.

Source : AIM, McKenna, Mullins, Sheldon & Miklau 2022, section 3; here with several choices a round.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from cohortium.numerics.graphical_model import GraphicalModel
from cohortium.numerics.junction_tree import Clique, tree_cells
from cohortium.privacy.mechanisms import Curator
from cohortium.synthesise.protocol import Progress
from cohortium.synthesise.tables.private.estimation import MarginalFit, Measurement

if TYPE_CHECKING:
    from numpy.typing import NDArray

CHOICE, COUNTS = "choice of marginals", "counts of marginals"
MOST_CANDIDATES = 2_500
FULL_WEIGHT = 1000
PAIR_WEIGHT = 333
"""Of a pair of columns without a target, where there is one; with a target, and without any, the weight is full."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How the choice goes on.

    choices    : marginals to choose in all.
    rounds     : how often the model is fitted in between.
    tree_cells : most cells of the junction tree; bounds time and memory.
    """

    choices: int
    rounds: int
    tree_cells: int


def as_clique(*places: int) -> Clique:
    """These attributes as a clique: in ascending order."""
    return tuple(sorted(places))


def candidates(
    sizes: Sequence[int], targets: Sequence[int], columns: Sequence[int], most_cells: int, rng: np.random.Generator
) -> dict[Clique, int]:
    """Every pair of ``columns``, and every pair together with a target, with its weight of at most ``FULL_WEIGHT``.

    Of wide tables, all pairs with a target and a random part of the others.
    """
    useful = [column for column in columns if sizes[column] > 1]
    goals = [target for target in targets if target in useful]
    full: dict[Clique, int] = {
        as_clique(target, other): FULL_WEIGHT for target in goals for other in useful if other != target
    }
    pairs = [pair for pair in itertools.combinations(useful, 2) if pair not in full]
    found: dict[Clique, int] = dict.fromkeys(pairs, PAIR_WEIGHT if goals else FULL_WEIGHT)
    for target in goals:
        found |= {as_clique(*pair, target): FULL_WEIGHT for pair in pairs if target not in pair}
    small = [clique for clique in found if math.prod(sizes[place] for place in clique) <= most_cells]
    if len(small) > MOST_CANDIDATES:
        small = [small[place] for place in np.sort(rng.choice(len(small), MOST_CANDIDATES, replace=False))]
    full = {clique: w for clique, w in full.items() if math.prod(sizes[place] for place in clique) <= most_cells}
    return full | {clique: found[clique] for clique in small}


class _Room:
    """Whether a junction tree stays small enough, in one round of choices.

    A clique must fit with what the round began with and with what was chosen since. The first answer is kept; it is
    forgotten after the round, or the cliques that came up would tell about the persons.
    """

    def __init__(self, sizes: Sequence[int], measured: Sequence[Clique], most: int) -> None:
        self.sizes, self.measured, self.most = sizes, measured, most
        self.at_start: dict[Clique, bool] = {}

    def admits(self, names: Sequence[Clique], chosen: Sequence[Clique], place: int) -> bool:
        name = names[place]
        if name not in self.at_start:
            self.at_start[name] = tree_cells(self.sizes, [*self.measured, name]) <= self.most
        return self.at_start[name] and tree_cells(self.sizes, [*self.measured, *chosen, name]) <= self.most


class Selection:
    """Choosing, counting and fitting, round after round, over the rows ``codes`` (n, d).

    choice, counts : rho to be spent on choices, and on counts.
    """

    def __init__(
        self,
        codes: NDArray[np.int32],
        fit: MarginalFit,
        plan: Plan,
        curator: Curator,
        choice: Fraction,
        counts: Fraction,
    ) -> None:
        self.codes, self.fit, self.plan, self.curator = codes, fit, plan, curator
        self.choice, self.counts = choice, counts
        self.left, self.is_grown = plan.choices, False

    def count(self, cliques: Iterable[Clique]) -> None:
        """Measure marginals that need no choice, each at the cost of one of the choices planned."""
        for clique in cliques:
            self._measure(clique, self.table(clique))

    def run(self, wanted: dict[Clique, int], progress: Progress) -> GraphicalModel:
        """The model after all rounds. Where a round taught nothing beyond noise, half as many choices follow."""
        true_of_all = {clique: self.table(clique) for clique in wanted}
        true = dict(true_of_all)
        model = self.fit.fit()
        a_round = max(1, math.ceil(self.plan.choices / self.plan.rounds))
        while self.left > 0 and true:
            progress("choosing what to measure", 1.0 - self.left / self.plan.choices)
            variance = float(self.left / (2 * self.counts))
            chosen = self._choose(self.scores(wanted, true, model, variance), true, min(a_round, self.left))
            if not chosen and self.is_grown:
                break
            self.is_grown |= not chosen
            before, model = model, self.fit.fit()
            taught = [self._moved(clique, before, model) > _noise(variance, true[clique].size) for clique in chosen]
            if 2 * sum(taught) < len(chosen):
                self.left = (self.left + 1) // 2
            for clique in chosen:
                del true[clique]
        return self._again(true_of_all) if self.left > 0 else model

    def _again(self, true: dict[Clique, NDArray[np.int64]]) -> GraphicalModel:
        """Where no candidate is left, the rest of the budget counts once more what has been chosen."""
        chosen = [measurement.clique for measurement in self.fit.measurements if measurement.clique in true]
        self.counts, self.choice, self.left = self.counts + self.choice, Fraction(0), len(chosen)
        for clique in chosen:
            self._measure(clique, true[clique])
        return self.fit.fit()

    def table(self, clique: Clique) -> NDArray[np.int64]:
        """The true counts of a marginal."""
        shape = [self.fit.sizes[attribute] for attribute in clique]
        place = np.zeros(len(self.codes), dtype=np.int64)
        for attribute, size in zip(clique, shape, strict=True):
            place = place * size + self.codes[:, attribute]
        return np.bincount(place, minlength=math.prod(shape)).reshape(shape)

    def _choose(self, scores: dict[Clique, int], true: dict[Clique, NDArray[np.int64]], most: int) -> list[Clique]:
        chosen: list[Clique] = []
        # the tree may grow as the budget is spent, so that early choices do not fill it
        spent = 1.0 if self.is_grown else 1.0 - (self.left - most) / self.plan.choices
        measured = [measurement.clique for measurement in self.fit.measurements]
        room = _Room(self.fit.sizes, measured, int(self.plan.tree_cells * spent))
        for _ in range(min(most, len(scores))):
            names = list(scores)
            cost = self.choice / self.left
            place = self.curator.choose(CHOICE, list(scores.values()), cost, partial(room.admits, names, chosen))
            self.choice -= cost
            if place is None:
                break
            del scores[names[place]]
            chosen.append(names[place])
            self._measure(names[place], true[names[place]])
        return chosen

    def _measure(self, clique: Clique, true: NDArray[np.int64]) -> None:
        share = self.counts / self.left
        noisy, variance = self.curator.histogram(COUNTS, true, share)
        self.fit.add(Measurement(clique, noisy.astype(np.float64), np.full(noisy.shape, variance)))
        self.counts, self.left = self.counts - share, self.left - 1

    def scores(
        self, wanted: dict[Clique, int], true: dict[Clique, NDArray[np.int64]], model: GraphicalModel, variance: float
    ) -> dict[Clique, int]:
        """For each marginal with its true counts, what measuring it with noise of this variance would put right."""
        scores = {}
        for clique, counts in true.items():
            # the model is public; rounded to whole persons, it leaves the score's sensitivity at exactly 1
            expected = np.rint(self.fit.total * model.marginal(clique)).astype(np.int64)
            wrong = int(np.abs(counts - expected).sum())
            scores[clique] = (wrong - round(_noise(variance, counts.size))) * wanted[clique] // FULL_WEIGHT
        return scores

    def _moved(self, clique: Clique, before: GraphicalModel, after: GraphicalModel) -> float:
        return self.fit.total * float(np.abs(after.marginal(clique) - before.marginal(clique)).sum())


def _noise(variance: float, cells: int) -> float:
    """Expected sum of absolute noise over so many cells."""
    return math.sqrt(2.0 * variance / math.pi) * cells
