"""A multilayer perceptron: dense layers, one on the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from cohortium.analyse.neural.architecture import Layer, check_weights, count, drawn, fed_forward, in_numpy, views

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Perceptron:
    """Layers of these sizes, inputs first and outputs last, with the same activation between any two."""

    sizes: tuple[int, ...]
    activation: str

    @property
    def stack(self) -> list[Layer]:
        """The layers from the inputs up."""
        return [Layer(before, after) for before, after in pairwise(self.sizes)]

    @property
    def parameters(self) -> int:
        """Length of the vector of weights."""
        return count(self.stack)

    @property
    def body(self) -> int:
        """Length of its part below the last layer, the head."""
        return count(self.stack[:-1])

    @property
    def width(self) -> int:
        """Numbers that a row takes in the widest layer."""
        return max(self.sizes)

    def check(self) -> None:
        """Raises InvalidRequest where there is no such network, or it is too large."""
        check_weights(self.activation, self.sizes, self.parameters)

    def initial(self, seed: int) -> Reals:
        """Random weights, the same for a seed; biases are 0."""
        return drawn(self.stack, seed)

    def layers(self, weights: Any) -> Iterator[tuple[Any, Any]]:
        """Matrix and biases of every layer, as views of the vector; of NumPy or of PyTorch."""
        return views(self.stack, weights)

    def outputs(self, weights: Any, X: Any, activate: Callable[[Any], Any]) -> Any:
        """What the last layer gives for rows X (n, inputs), before any link; of NumPy or of PyTorch."""
        return fed_forward(self.layers(weights), X, activate)

    def evaluate(self, weights: Reals, X: Reals) -> Reals:
        """``outputs`` in NumPy: (n, outputs)."""
        found: Reals = self.outputs(weights, X, in_numpy(self.activation))
        return found
