"""Random numbers that the transformations need, from a source of secure words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cohortium.privacy.secure_noise import Noise

if TYPE_CHECKING:
    from numpy.typing import NDArray

_WORD = float(1 << 62)


def uniform(shape: tuple[int, ...], noise: Noise) -> NDArray[np.float64]:
    """Even over (0, 1), both ends left out."""
    drawn = noise.words(int(np.prod(shape))).astype(np.float64)
    return np.minimum((drawn + 0.5) / _WORD, np.nextafter(1.0, 0.0)).reshape(shape)


def normal(shape: tuple[int, ...], noise: Noise) -> NDArray[np.float64]:
    """Normal with mean 0 and variance 1 (Box and Muller 1958). In floating point: no basis for a formal guarantee."""
    radius = np.sqrt(-2.0 * np.log(uniform(shape, noise)))
    return np.asarray(radius * np.cos(2.0 * np.pi * uniform(shape, noise)))
