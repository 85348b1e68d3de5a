"""Which marginals to measure: in rounds, those that the model so far gets most wrong.

A candidate's score is how many persons the model puts into the wrong cell of that marginal, weighed by its use, less
what measuring it would put wrong by noise. Scores are whole numbers that change by at most 1 with one person.

Source : AIM, McKenna, Mullins, Sheldon & Miklau 2022, section 3, with several choices a round.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from cohortium.numerics.graphical_model import GraphicalModel
from cohortium.numerics.junction_tree import Clique, junction_tree
from cohortium.privacy.mechanisms import Curator
from cohortium.synthesise.protocol import Progress
from cohortium.synthesise.tables.private.estimation import MarginalFit, Measurement

if TYPE_CHECKING:
    from numpy.typing import NDArray

CHOICE, COUNTS = "choice of marginals", "counts of marginals"
FULL_WEIGHT = 1000


@dataclass(frozen=True, slots=True)
class Plan:
    """How the choice goes on: so many rounds of so many choices, within these sizes.

    cells      : most cells of one marginal.
    tree_cells : most cells of the whole junction tree.
    """

    rounds: int
    choices: int
    cells: int
    tree_cells: int


def candidates(
    sizes: Sequence[int], targets: Sequence[int], weights: tuple[int, int, int], most_cells: int
) -> dict[Clique, int]:
    """Every pair of columns, and every pair together with a target, with its weight of at most ``FULL_WEIGHT``.

    weights : of a pair, of a pair with a target, of a triple with a target.
    """
    found: dict[Clique, int] = {}
    for pair in itertools.combinations(range(len(sizes)), 2):
        found[pair] = weights[1] if set(pair) & set(targets) else weights[0]
        for target in targets:
            if target not in pair:
                found[tuple(sorted((*pair, target)))] = weights[2]
    return {
        clique: weight
        for clique, weight in found.items()
        if math.prod(sizes[a] for a in clique) <= most_cells and min(sizes[a] for a in clique) > 1
    }


def measure(
    codes: NDArray[np.int32],
    fit: MarginalFit,
    wanted: dict[Clique, int],
    plan: Plan,
    curator: Curator,
    rho: tuple[Fraction, Fraction],
    progress: Progress,
) -> GraphicalModel:
    """Choose and measure marginals of the rows ``codes`` (n, d) and fit them all.

    rho : to be spent on choices, and on counts.
    """
    sizes = fit.sizes
    open_ones = dict(wanted)
    true = {clique: _table(codes, clique, sizes) for clique in wanted}
    choice_left, counts_left = rho
    model = fit.fit()
    left = plan.rounds * plan.choices
    for number in range(plan.rounds):
        progress("choosing what to measure", number / plan.rounds)
        scores = None
        for _ in range(plan.choices):
            share = counts_left / left
            if scores is None:
                scores = _scores(open_ones, true, model, fit.total, float(1 / (2 * share)))
            names = list(scores)
            measured = [measurement.clique for measurement in fit.measurements]

            def fits(place: int) -> bool:
                return junction_tree(sizes, [*measured, names[place]]).cells(sizes) <= plan.tree_cells

            chosen = curator.choose(CHOICE, [scores[name] for name in names], choice_left / left, fits) if names else None
            if chosen is None:
                return fit.fit()
            clique = names[chosen]
            noisy, variance = curator.histogram(COUNTS, true[clique], share)
            fit.add(Measurement(clique, noisy.astype(np.float64), np.float64(variance)))
            del scores[clique], open_ones[clique]
            choice_left, counts_left, left = choice_left - choice_left / left, counts_left - share, left - 1
        model = fit.fit()
    return model


def _scores(
    wanted: dict[Clique, int], true: dict[Clique, NDArray[np.int64]], model: GraphicalModel, total: float, variance: float
) -> dict[Clique, int]:
    scores = {}
    for clique, weight in wanted.items():
        # the model is public; rounding it keeps the score a whole number and its sensitivity exactly 1
        expected = np.rint(total * model.marginal(clique)).astype(np.int64)
        wrong = int(np.abs(true[clique] - expected).sum())
        noise = round(math.sqrt(2.0 * variance / math.pi) * expected.size)
        scores[clique] = (wrong - noise) * weight // FULL_WEIGHT
    return scores


def _table(codes: NDArray[np.int32], clique: Clique, sizes: Sequence[int]) -> NDArray[np.int64]:
    shape = [sizes[attribute] for attribute in clique]
    place = np.zeros(len(codes), dtype=np.int64)
    for attribute, size in zip(clique, shape, strict=True):
        place = place * size + codes[:, attribute]
    return np.bincount(place, minlength=math.prod(shape)).reshape(shape)
