"""Distances between distributions, of numbers and of codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_DENSE = 1_000_000


def kolmogorov_smirnov(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Largest gap between the distribution functions of two samples (n,), (m,); both non-empty, none missing."""
    a, b = np.sort(a), np.sort(b)
    both = np.concatenate([a, b])
    below_a = np.searchsorted(a, both, "right") / len(a)
    below_b = np.searchsorted(b, both, "right") / len(b)
    return float(np.abs(below_a - below_b).max())


def wasserstein(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Area between the distribution functions of two samples, in the unit of the values."""
    a, b = np.sort(a), np.sort(b)
    both = np.sort(np.concatenate([a, b]))
    below_a = np.searchsorted(a, both[:-1], "right") / len(a)
    below_b = np.searchsorted(b, both[:-1], "right") / len(b)
    return float(np.abs(below_a - below_b) @ np.diff(both))


def total_variation(p: NDArray[np.float64], q: NDArray[np.float64]) -> float:
    """Half the summed gap between two lists of shares."""
    return float(0.5 * np.abs(p - q).sum())


def hellinger(p: NDArray[np.float64], q: NDArray[np.float64]) -> float:
    """Hellinger distance of two lists of shares, 0 to 1."""
    return float(np.sqrt(max(0.0, 1.0 - np.sqrt(p * q).sum())))


def shares(codes: NDArray[np.int64], levels: int) -> NDArray[np.float64]:
    """Share of rows at each of the codes 0 .. levels - 1."""
    return np.bincount(codes, minlength=levels) / max(len(codes), 1)


def joint_codes(codes: NDArray[np.int64], levels: NDArray[np.int64]) -> NDArray[np.int64]:
    """One code per row (n,) for the combination of several columns' codes (n, k) with ``levels`` (k,) each."""
    joint = np.zeros(len(codes), dtype=np.int64)
    for place, size in enumerate(levels):
        joint = joint * size + codes[:, place]
    return joint


def code_distance(a: NDArray[np.int64], b: NDArray[np.int64], levels: int) -> float:
    """Total variation between two samples of codes 0 .. levels - 1, however many levels there may be."""
    if levels <= max(_DENSE, 4 * (len(a) + len(b))):
        return total_variation(shares(a, levels), shares(b, levels))
    _, place = np.unique(np.concatenate([a, b]), return_inverse=True)
    size = int(place.max(initial=-1)) + 1
    return total_variation(shares(place[: len(a)], size), shares(place[len(a) :], size))
