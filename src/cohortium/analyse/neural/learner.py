"""What a site does with the weights that come: it measures the loss, takes gradients, and descends on its own rows."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.analyse.neural.architecture import Architecture
from cohortium.analyse.neural.framework import torch
from cohortium.analyse.neural.target import BINARY, CLASSES
from cohortium.errors import NotConverged

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]

Pull = Callable[[Any], Any]
_DIVERGED = 1e100
"""No weight of use is as large, and squares of smaller ones are still numbers."""
_CHUNK = 4_000_000
"""Numbers that the gradients of single records may take at once: 32 MB."""


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
        return float(self._losses(torch().from_numpy(weights.copy()), X, y).sum())

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
        library, total = torch(), np.zeros(len(weights))
        at, (X, y) = library.from_numpy(weights.copy()), self._tensors()
        one = library.func.grad(lambda w, row, outcome: self._losses(w, row[None], outcome[None]).sum())
        each = library.func.vmap(one, in_dims=(None, 0, 0))
        size = max(1, _CHUNK // len(weights))
        for start in range(0, len(self.y), size):
            slopes = each(at, X[start : start + size], y[start : start + size])
            norms = slopes.norm(dim=1, keepdim=True)
            kept = library.where(norms.isfinite(), largest / norms.clamp(min=largest), 0.0)
            total += (slopes.nan_to_num(0.0, 0.0, 0.0) * kept).sum(dim=0).numpy()  # a row that overflows adds nothing
        return total

    def _batches(self, steps: int | None) -> list[Any]:
        rows = len(self.y)
        if steps is not None or self.descent.batch is None or self.descent.batch >= rows:
            return [slice(None)] * (self.descent.epochs if steps is None else steps)
        rng, found = np.random.default_rng(self.descent.seed), []
        for _ in range(self.descent.epochs):
            found += np.array_split(rng.permutation(rows), math.ceil(rows / self.descent.batch))
        return found

    def _gradient(self, at: Any, X: Any, y: Any) -> Any:
        leaf = at.clone().requires_grad_(True)
        (slope,) = torch().autograd.grad(self._losses(leaf, X, y).mean(), leaf)
        return slope + self.descent.decay * at

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
