"""What all networks have in common: weights that are one vector, their start, and what they compute."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from cohortium.errors import InvalidRequest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]

MOST_WEIGHTS = 16_000_000
"""A network of more is refused: every round would carry all of them, in float64, to and from every site."""
AT_ONCE = 4_000_000
"""Numbers that one layer may take for the rows that are worked on at once: 32 MB."""

ACTIVATIONS = ("tanh", "relu")


class Architecture(Protocol):
    """A network's shapes, with weights that are one vector: layer by layer the matrix, row by row, then the biases."""

    @property
    def activation(self) -> str:
        """Between any two layers."""
        ...

    @property
    def parameters(self) -> int:
        """Length of the vector of weights."""
        ...

    @property
    def body(self) -> int:
        """Length of its part below the last layer, the head."""
        ...

    @property
    def width(self) -> int:
        """Numbers that a row takes in the widest layer."""
        ...

    def check(self) -> None:
        """Raises InvalidRequest where there is no such network, or it is too large."""
        ...

    def initial(self, seed: int) -> Reals:
        """Random weights, the same for a seed; biases are 0."""
        ...

    def layers(self, weights: Any) -> Iterator[tuple[Any, Any]]:
        """Matrix and biases of every layer, as views of the vector; of NumPy or of PyTorch."""
        ...

    def outputs(self, weights: Any, X: Any, activate: Callable[[Any], Any]) -> Any:
        """What the last layer gives for rows X (n, inputs), before any link; of PyTorch."""
        ...

    def evaluate(self, weights: Reals, X: Reals) -> Reals:
        """The same in NumPy: (n, outputs)."""
        ...


@dataclass(frozen=True, slots=True)
class Layer:
    """A matrix (inputs, outputs) with biases.

    window : places that an input is weighted into: 9 under a 3 x 3 convolution, else 1.
    """

    inputs: int
    outputs: int
    window: int = 1

    @property
    def parameters(self) -> int:
        """Weights and biases."""
        return (self.inputs + 1) * self.outputs


def count(layers: Iterable[Layer]) -> int:
    """Weights and biases of all layers."""
    return sum(layer.parameters for layer in layers)


def drawn(layers: Iterable[Layer], seed: int) -> Reals:
    """Random weights of all layers; biases are 0.

    Source : Glorot & Bengio 2010, AISTATS, equation 16.
    """
    rng = np.random.default_rng(seed)
    parts = []
    for layer in layers:
        reach = math.sqrt(6.0 / (layer.inputs + layer.window * layer.outputs))
        parts += [rng.uniform(-reach, reach, layer.inputs * layer.outputs), np.zeros(layer.outputs)]
    return np.concatenate(parts)


def views(layers: Iterable[Layer], weights: Any) -> Iterator[tuple[Any, Any]]:
    """Matrix and biases of every layer, as views of the vector."""
    start = 0
    for layer in layers:
        stop = start + layer.inputs * layer.outputs
        yield weights[start:stop].reshape(layer.inputs, layer.outputs), weights[stop : stop + layer.outputs]
        start = stop + layer.outputs


def fed_forward(dense: Iterable[tuple[Any, Any]], X: Any, activate: Callable[[Any], Any]) -> Any:
    """X (n, inputs) through dense layers; the last is not activated."""
    found, pairs = X, list(dense)
    for place, (matrix, bias) in enumerate(pairs, start=1):
        found = found @ matrix + bias
        found = found if place == len(pairs) else activate(found)
    return found


def check_weights(activation: str, units: Iterable[int], parameters: int) -> None:
    """Raises InvalidRequest where the activation is unknown, a layer is empty, or too many weights would travel."""
    if activation not in ACTIVATIONS:
        raise InvalidRequest(f"The activation is one of {list(ACTIVATIONS)}, not '{activation}'.")
    sizes = list(units)
    if min(sizes) < 1:
        raise InvalidRequest(f"Every layer has one unit or more; the sizes asked for are {sizes}.")
    if parameters > MOST_WEIGHTS:
        raise InvalidRequest(
            f"The network would have {parameters:,} weights; at most {MOST_WEIGHTS:,} travel. Use fewer units."
        )


def in_numpy(activation: str) -> Callable[[Reals], Reals]:
    """The activation of that name for arrays of NumPy."""
    return np.tanh if activation == "tanh" else _relu


def _relu(values: Reals) -> Reals:
    return np.maximum(values, 0.0)
