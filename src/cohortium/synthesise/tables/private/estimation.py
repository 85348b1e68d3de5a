"""The model that agrees best with noisy marginals, and claims nothing beyond them.

Among all joint distributions, the one that minimises

    total * KL(p, uniform) + sum over measurements of |total * p_marginal - counts| ** 2 / (2 shrinkage variance)

is a graphical model whose log-potentials are (counts - fitted) / (shrinkage variance). The first term is what draws
cells that are lighter than their noise towards what the coarser marginals say: with ``shrinkage`` 1 the persons count
as a sample from the simplest model, with 0 the noisy counts count as exact. The dual is smooth, convex and has one
unknown per measured cell; it is solved by L-BFGS, scaled by the curvature of each cell.

Source : regularised maximum entropy, Dudik, Phillips & Schapire 2007; the noisy-marginal problem, McKenna, Sheldon &
         Miklau 2019 (Private-PGM); L-BFGS, Nocedal & Wright 2006, algorithm 7.4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cohortium.numerics.graphical_model import GraphicalModel, calibrated, spread
from cohortium.numerics.junction_tree import Clique, JunctionTree, junction_tree

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SHRINKAGE = 0.02
_MEMORY = 6
_LONGEST_MOVE = 3.0  # of a log-potential in one step, so that a far start cannot overflow


@dataclass(frozen=True, slots=True)
class Measurement:
    """Noisy counts over the cells of a clique, and the variance of the noise of each."""

    clique: Clique
    counts: Floats
    variance: Floats


class MarginalFit:
    """The best model for a growing list of measurements; each fit starts from the last one."""

    def __init__(self, sizes: Sequence[int], total: float) -> None:
        self.sizes, self.total = tuple(sizes), total
        self.measurements: list[Measurement] = []
        self._potentials: list[Floats] = []

    def add(self, measurement: Measurement) -> None:
        """Let the next fit agree with ``measurement`` too; its sum is first set to the total, which is known better."""
        variance = np.broadcast_to(measurement.variance, measurement.counts.shape)
        gap = self.total - measurement.counts.sum()
        counts = measurement.counts + gap * variance / variance.sum()
        self.measurements.append(Measurement(measurement.clique, counts, variance))
        self._potentials.append(np.zeros(measurement.counts.size))

    def fit(self, steps: int = 50, tolerance: float = 1e-2) -> GraphicalModel:
        """The model at the minimum, or after so many steps.

        tolerance : stop where a step gains less than this (in persons' log-likelihood).
        """
        tree = junction_tree(self.sizes, [measurement.clique for measurement in self.measurements])
        problem = _Dual(self.sizes, self.total, tree, self.measurements)
        solution, model = _lbfgs(problem, np.concatenate(self._potentials), steps, tolerance)
        self._potentials = problem.split(solution)
        return model


class _Dual:
    """total * log Z(x) - x . counts + shrinkage / 2 * x . (variance x), its gradient, and its curvature per cell."""

    def __init__(
        self, sizes: tuple[int, ...], total: float, tree: JunctionTree, measurements: Sequence[Measurement]
    ) -> None:
        self.sizes, self.total, self.tree = sizes, total, tree
        self.cliques = [measurement.clique for measurement in measurements]
        self.shapes = [measurement.counts.shape for measurement in measurements]
        self.hosts = [place for place in map(tree.host, self.cliques) if place is not None]
        self.others = [
            tuple(axis for axis, attribute in enumerate(tree.cliques[host]) if attribute not in clique)
            for clique, host in zip(self.cliques, self.hosts, strict=True)
        ]
        self.ends = np.cumsum([measurement.counts.size for measurement in measurements])[:-1]
        self.counts = np.concatenate([measurement.counts.ravel() for measurement in measurements])
        self.penalty = SHRINKAGE * np.concatenate([measurement.variance.ravel() for measurement in measurements])

    def split(self, unknowns: Floats) -> list[Floats]:
        """The unknowns of each measurement."""
        return list(np.split(unknowns, self.ends))

    def at(self, unknowns: Floats) -> tuple[float, Floats, Floats, GraphicalModel]:
        """Value, gradient, curvature of each unknown, and the model."""
        potentials = [np.zeros([self.sizes[attribute] for attribute in clique]) for clique in self.tree.cliques]
        for values, shape, clique, host in zip(
            self.split(unknowns), self.shapes, self.cliques, self.hosts, strict=True
        ):
            potentials[host] += spread(values.reshape(shape), clique, self.tree.cliques[host])
        model = calibrated(self.sizes, self.tree, potentials)
        fitted = self.total * np.concatenate(
            [model.beliefs[host].sum(axis=axes).ravel() for host, axes in zip(self.hosts, self.others, strict=True)]
        )
        pull = self.penalty * unknowns
        value = self.total * model.log_partition - float(unknowns @ self.counts) + 0.5 * float(unknowns @ pull)
        return value, fitted - self.counts + pull, fitted + self.penalty + 1.0, model


@dataclass(frozen=True, slots=True)
class _Move:
    """One step of the search: how the point moved, how the gradient changed, and 1 / their product."""

    point: Floats
    gradient: Floats
    scale: float


def _lbfgs(problem: _Dual, start: Floats, steps: int, tolerance: float) -> tuple[Floats, GraphicalModel]:
    point = start
    value, gradient, curvature, model = problem.at(point)
    moves: list[_Move] = []
    for _ in range(steps):
        direction = -_inverse_curvature_times(gradient, curvature, moves)
        slope = float(direction @ gradient)
        length = min(1.0, _LONGEST_MOVE / max(float(np.abs(direction).max()), 1e-300))
        while True:
            trial = problem.at(point + length * direction)
            if trial[0] <= value + 1e-4 * length * slope or length < 1e-6:
                break
            length /= 2
        gain = value - trial[0]
        if gain <= 0:
            break
        moved, change = length * direction, trial[1] - gradient
        product = float(moved @ change)
        if product > 1e-12:
            moves = [*moves, _Move(moved, change, 1.0 / product)][-_MEMORY:]
        point = point + moved
        value, gradient, curvature, model = trial
        if gain < tolerance:
            break
    return point, model


def _inverse_curvature_times(gradient: Floats, curvature: Floats, moves: list[_Move]) -> Floats:
    left, factors = gradient.copy(), []
    for move in reversed(moves):
        factors.append(move.scale * float(move.point @ left))
        left -= factors[-1] * move.gradient
    left /= curvature
    if moves:  # measurements that overlap pull the same way: the last move tells by how much they overdo it
        last = moves[-1]
        left /= last.scale * float(last.gradient @ (last.gradient / curvature))
    for move, factor in zip(moves, reversed(factors), strict=True):
        left += (factor - move.scale * float(move.gradient @ left)) * move.point
    return left
