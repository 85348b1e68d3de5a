"""A multilayer perceptron whose weights are one vector: its shapes, its start, and what it computes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.errors import InvalidRequest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]

MOST_WEIGHTS = 1_000_000
"""A network of more is refused: every round would carry all of them, in float64, to and from every site."""

ACTIVATIONS = ("tanh", "relu")


@dataclass(frozen=True, slots=True)
class Architecture:
    """Layers of these sizes, inputs first and outputs last, with the same activation between any two.

    The weights are one vector: layer by layer the matrix (inputs, outputs), row by row, then the biases.
    """

    sizes: tuple[int, ...]
    activation: str

    @property
    def parameters(self) -> int:
        """Length of the vector of weights."""
        return sum((before + 1) * after for before, after in pairwise(self.sizes))

    @property
    def body(self) -> int:
        """Length of its part below the last layer, the head."""
        return self.parameters - (self.sizes[-2] + 1) * self.sizes[-1]

    def check(self) -> None:
        """Raises InvalidRequest where there is no such network, or it is too large."""
        if self.activation not in ACTIVATIONS:
            raise InvalidRequest(f"The activation is one of {list(ACTIVATIONS)}, not '{self.activation}'.")
        if min(self.sizes) < 1:
            raise InvalidRequest(f"Every layer has one unit or more; the sizes asked for are {list(self.sizes)}.")
        if self.parameters > MOST_WEIGHTS:
            raise InvalidRequest(
                f"The network would have {self.parameters:,} weights; at most {MOST_WEIGHTS:,} travel. Use fewer units."
            )

    def initial(self, seed: int) -> Reals:
        """Random weights, the same for a seed; biases are 0.

        Source : Glorot & Bengio 2010, AISTATS, equation 16.
        """
        rng = np.random.default_rng(seed)
        parts = []
        for before, after in pairwise(self.sizes):
            reach = math.sqrt(6.0 / (before + after))
            parts += [rng.uniform(-reach, reach, before * after), np.zeros(after)]
        return np.concatenate(parts)

    def layers(self, weights: Any) -> Iterator[tuple[Any, Any]]:
        """Matrix and biases of every layer, as views of the vector; of NumPy or of PyTorch."""
        start = 0
        for before, after in pairwise(self.sizes):
            stop = start + before * after
            yield weights[start:stop].reshape(before, after), weights[stop : stop + after]
            start = stop + after

    def outputs(self, weights: Any, X: Any, activate: Callable[[Any], Any]) -> Any:
        """What the last layer gives for rows X (n, inputs), before any link; of NumPy or of PyTorch."""
        found, last = X, len(self.sizes) - 2
        for place, (matrix, bias) in enumerate(self.layers(weights)):
            found = found @ matrix + bias
            found = found if place == last else activate(found)
        return found

    def evaluate(self, weights: Reals, X: Reals) -> Reals:
        """``outputs`` in NumPy: (n, outputs)."""
        found: Reals = self.outputs(weights, X, np.tanh if self.activation == "tanh" else _relu)
        return found


def _relu(values: Reals) -> Reals:
    return np.maximum(values, 0.0)
