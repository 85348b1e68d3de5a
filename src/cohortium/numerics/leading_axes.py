"""The two directions in which a cloud of points varies most."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ROUNDS = 60
_SPARE = 6


def leading_axes(
    centred: NDArray[np.float64], rng: np.random.Generator
) -> tuple[NDArray[np.float64], tuple[float, float]]:
    """The first two principal components (d, 2) of points (n, d) around their mean, and their shares of the variance.

    A component has no sign of its own; its largest part is made positive, so that repeated runs agree.
    Source : Halko, Martinsson & Tropp 2011, SIAM Review 53(2), subspace iteration with a few spare directions.
    """
    d = centred.shape[1]
    total = float(np.einsum("ij,ij->", centred, centred))
    if d < 2 or total <= 0:
        return np.zeros((d, 2)), (0.0, 0.0)
    basis = np.linalg.qr(rng.normal(size=(d, min(d, 2 + _SPARE))))[0]
    for _ in range(_ROUNDS):
        basis = np.linalg.qr(centred.T @ (centred @ basis))[0]
    _, spread, turned = np.linalg.svd(centred @ basis, full_matrices=False)
    axes = basis @ turned[:2].T
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), [0, 1]])
    return axes, (float(spread[0] ** 2 / total), float(spread[1] ** 2 / total))
