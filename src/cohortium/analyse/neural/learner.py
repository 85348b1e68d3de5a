"""What a site does with the weights that come: it measures the loss, takes gradients, and descends on its own rows."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.analyse.neural.architecture import AT_ONCE, Architecture
from cohortium.analyse.neural.framework import torch
from cohortium.analyse.neural.target import BINARY, CLASSES
from cohortium.errors import NotConverged

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]

Pull = Callable[[Any], Any]
_DIVERGED = 1e100
"""No weight of use is as large, and squares of smaller ones are still numbers."""


@dataclass(frozen=True, slots=True)
class Descent:
    """How a site descends: stochastic gradient descent in the order of a seeded shuffle.

    rate    : learning rate.
    epochs  : passes over the site's rows in one round.
    batch   : rows a step; all of them where None.
    decay   : factor of half the squared length of the weights that is added to the loss.
    largest : L2 norm to which everything that leaves is clipped.
    seed    : of the shuffles, together with the round.
    """

    rate: float
    epochs: int
    batch: int | None
    decay: float
    largest: float
    seed: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Learner:
    """One site's rows in one round, and what the network makes of them.

    X, y : inputs (n, q) and outcome (n,), scaled; n may be 0, and then nothing moves.
    """

    architecture: Architecture
    kind: str
    X: Reals
    y: Reals
    descent: Descent

    def loss(self, weights: Reals) -> float:
        """Sum of the loss over the rows, without weight decay."""
        if len(self.y) == 0:
            return 0.0
        X, y = self._tensors()
        at = torch().from_numpy(weights.copy())
        return math.fsum(float(self._losses(at, X[part], y[part]).sum()) for part in self._parts(len(y)))

    def gradient(self, weights: Reals) -> Reals:
        """Gradient of the mean loss with weight decay, clipped as everything that leaves; raises NotConverged."""
        if len(self.y) == 0:
            return np.zeros(len(weights))
        found = self._gradient(torch().from_numpy(weights.copy()), *self._tensors()).numpy()
        return clipped(_in_bounds(found), self.descent.largest)

    def descend(
        self,
        weights: Reals,
        pull: Pull | None = None,
        *,
        free: slice = slice(None),
        steps: int | None = None,
    ) -> Reals:
        """Where the weights are after a round of descent.

        pull   : weights of PyTorch -> what a strategy adds to their gradient.
        free   : which of the weights move.
        steps  : so many on all rows instead of the epochs.
        Raises : NotConverged where they leave the numbers.
        """
        if len(self.y) == 0:
            return weights
        at, (X, y) = torch().from_numpy(weights.copy()), self._tensors()
        for places in self._batches(steps):
            slope = self._gradient(at, X[places], y[places])
            slope = slope if pull is None else slope + pull(at)
            at[free] -= self.descent.rate * slope[free]
        return _in_bounds(at.numpy())

    def patient_gradients(self, weights: Reals, largest: float) -> Reals:
        """Sum over the rows of their own gradients, each clipped to an L2 norm of ``largest``.

        Source : Abadi et al. 2016, Deep Learning with Differential Privacy, algorithm 1.
        """
        total = np.zeros(len(weights))
        for slopes in self.row_gradients(weights, largest) if len(self.y) else ():
            total += slopes.sum(axis=0)
        return total

    def row_gradients(self, weights: Reals, largest: float, rows: Any = slice(None)) -> Iterator[Reals]:
        """Those gradients row by row (m, weights), as many rows at once as memory allows.

        rows : which of the rows; all where not given.
        """
        library = torch()
        at, (X, y) = library.from_numpy(weights.copy()), (tensor[rows] for tensor in self._tensors())
        one = library.func.grad(lambda w, row, outcome: self._losses(w, row[None], outcome[None]).sum())
        each = library.func.vmap(one, in_dims=(None, 0, 0))
        for part in self._parts(len(y), len(weights)):
            slopes = each(at, X[part], y[part])
            norms = slopes.norm(dim=1, keepdim=True)
            kept = library.where(norms.isfinite(), largest / norms.clamp(min=largest), 0.0)
            yield (slopes.nan_to_num(0.0, 0.0, 0.0) * kept).numpy()  # of a row that overflows nothing is left

    def _batches(self, steps: int | None) -> list[Any]:
        rows = len(self.y)
        if steps is not None or self.descent.batch is None or self.descent.batch >= rows:
            return [slice(None)] * (self.descent.epochs if steps is None else steps)
        rng, found = np.random.default_rng(self.descent.seed), []
        for _ in range(self.descent.epochs):
            found += np.array_split(rng.permutation(rows), math.ceil(rows / self.descent.batch))
        return found

    def _gradient(self, at: Any, X: Any, y: Any) -> Any:
        leaf, slope = at.clone().requires_grad_(True), self.descent.decay * at
        for part in self._parts(len(y)):
            loss = self._losses(leaf, X[part], y[part]).sum() / len(y)
            slope = slope + torch().autograd.grad(loss, leaf)[0]
        return slope

    def _parts(self, rows: int, width: int = 0) -> list[slice]:
        """Runs of rows that are worked on at once: as many as memory for their widest layer, or ``width``, allows."""
        size = max(1, AT_ONCE // max(width, self.architecture.width))
        return [slice(start, start + size) for start in range(0, rows, size)]

    def _losses(self, weights: Any, X: Any, y: Any) -> Any:
        """Loss of every row (n,)."""
        library = torch()
        activate = library.tanh if self.architecture.activation == "tanh" else library.relu
        outputs, losses = self.architecture.outputs(weights, X, activate), library.nn.functional
        if self.kind == CLASSES:
            return losses.cross_entropy(outputs, y.long(), reduction="none")
        if self.kind == BINARY:
            return losses.binary_cross_entropy_with_logits(outputs[:, 0], y, reduction="none")
        return (outputs[:, 0] - y) ** 2

    def _tensors(self) -> tuple[Any, Any]:
        return torch().from_numpy(np.ascontiguousarray(self.X)), torch().from_numpy(np.ascontiguousarray(self.y))


def clipped(vector: Reals, largest: float) -> Reals:
    """``vector``, shortened to an L2 norm of ``largest`` where it is longer."""
    norm = float(np.linalg.norm(vector))
    return vector if norm <= largest else vector * (largest / norm)


def _in_bounds(vector: Reals) -> Reals:
    if not np.abs(vector).max(initial=0.0) < _DIVERGED:  # nor is what is no number
        raise NotConverged("The weights grew without bound at a site. Use a smaller learning_rate.")
    return vector
