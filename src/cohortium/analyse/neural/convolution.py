"""A network for small images: convolutions and pooling, then dense layers that other inputs join.

Source : LeCun, Bottou, Bengio & Haffner 1998, Gradient-Based Learning Applied to Document Recognition, section II;
         the mean of 2 x 2 pixels is taken as it is, without weights.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.analyse.neural.architecture import (
    AT_ONCE,
    Layer,
    check_weights,
    count,
    drawn,
    fed_forward,
    in_numpy,
    views,
)
from cohortium.analyse.neural.framework import torch
from cohortium.errors import InvalidRequest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]

_SIDE = 3
_WINDOW = _SIDE * _SIDE


@dataclass(frozen=True, slots=True)
class ConvolutionalNetwork:
    """For each of ``filters`` a 3 x 3 convolution, the activation, and 2 x 2 mean pooling; then dense layers.

    shape : of an image: height, width, channels. A row of inputs begins with its pixels, row by row.
    sizes : of the dense layers, whose first takes the pooled image, row by row, and all inputs behind the pixels.
    The matrix of a convolution has a row for each of 3 x 3 places, row by row, and for each channel at it. Outside the
    image is 0; a last row or column that has no partner is not pooled.
    """

    shape: tuple[int, int, int]
    filters: tuple[int, ...]
    sizes: tuple[int, ...]
    activation: str

    @property
    def stack(self) -> list[Layer]:
        """The layers from the image up."""
        channels = pairwise((self.shape[2], *self.filters))
        folds = [Layer(_WINDOW * before, after, _WINDOW) for before, after in channels]
        return [*folds, *(Layer(before, after) for before, after in pairwise(self.sizes))]

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
        """Numbers that a row takes where an image is widest: under its windows, or as what the filters give."""
        height, width, _ = self.shape
        areas = [(height >> place) * (width >> place) for place in range(len(self.filters))]
        folds = zip(areas, self.stack, strict=False)
        return max(*self.sizes, *(area * max(layer.inputs, layer.outputs) for area, layer in folds), 1)

    def check(self) -> None:
        """Raises InvalidRequest where there is no such network, or it is too large."""
        if min(self.shape[:2]) >> len(self.filters) < 1:
            raise InvalidRequest(
                f"Images of {self.shape[0]} x {self.shape[1]} pixels cannot be halved {len(self.filters)} times. Use "
                "fewer filters, one for each halving, or state larger images in the schema."
            )
        check_weights(self.activation, (*self.filters, *self.sizes), self.parameters)

    def initial(self, seed: int) -> Reals:
        """Random weights, the same for a seed; biases are 0."""
        return drawn(self.stack, seed)

    def layers(self, weights: Any) -> Iterator[tuple[Any, Any]]:
        """Matrix and biases of every layer, as views of the vector; of NumPy or of PyTorch."""
        return views(self.stack, weights)

    def outputs(self, weights: Any, X: Any, activate: Callable[[Any], Any]) -> Any:
        """What the last layer gives for rows X (n, inputs), before any link; of PyTorch."""
        pairs, library = list(self.layers(weights)), torch()
        fold, pool = library.nn.functional.conv2d, library.nn.functional.avg_pool2d
        area = math.prod(self.shape)
        images = X[:, :area].reshape(len(X), *self.shape).permute(0, 3, 1, 2)
        for matrix, bias in pairs[: len(self.filters)]:
            kernels = matrix.reshape(_SIDE, _SIDE, -1, len(bias)).permute(3, 2, 0, 1)
            images = pool(activate(fold(images, kernels, bias, padding=1)), 2)
        pooled = images.permute(0, 2, 3, 1).reshape(len(X), -1)
        return fed_forward(pairs[len(self.filters) :], library.cat([pooled, X[:, area:]], dim=1), activate)

    def evaluate(self, weights: Reals, X: Reals) -> Reals:
        """The same in NumPy: (n, outputs)."""
        rows = max(1, AT_ONCE // self.width)
        parts = [self._evaluate(weights, X[start : start + rows]) for start in range(0, len(X), rows)]
        return np.concatenate([np.zeros((0, self.sizes[-1])), *parts])

    def _evaluate(self, weights: Reals, X: Reals) -> Reals:
        pairs, activate, area = list(self.layers(weights)), in_numpy(self.activation), math.prod(self.shape)
        images = X[:, :area].reshape(len(X), *self.shape)
        for matrix, bias in pairs[: len(self.filters)]:
            images = _pooled(activate(_windows(images) @ matrix + bias))
        inputs = np.concatenate([images.reshape(len(X), -1), X[:, area:]], axis=1)
        found: Reals = fed_forward(pairs[len(self.filters) :], inputs, activate)
        return found


def pooled_size(shape: tuple[int, int, int], filters: tuple[int, ...]) -> int:
    """How many numbers are left of an image for the dense layers."""
    height, width, channels = shape
    return (height >> len(filters)) * (width >> len(filters)) * (filters[-1] if filters else channels)


def _windows(images: Reals) -> Reals:
    """The 3 x 3 pixels around each (n, height, width, 9 channels), 0 outside of the image."""
    _, height, width, _ = images.shape
    framed = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)))
    places = [framed[:, y : y + height, x : x + width] for y in range(_SIDE) for x in range(_SIDE)]
    return np.concatenate(places, axis=3)


def _pooled(images: Reals) -> Reals:
    """Means of 2 x 2 pixels."""
    n, height, width, channels = images.shape
    even = images[:, : height // 2 * 2, : width // 2 * 2]
    found: Reals = even.reshape(n, height // 2, 2, width // 2, 2, channels).mean(axis=(2, 4))
    return found
