"""A mixture of Gaussians for records of which many scores are only known to lie in an interval.

Such a score (the rank of a level, of a spike, of a missing value) is drawn anew in every round from its normal given
the rest of its record, so that associations are those of the values and not those of the noise that first filled the
intervals.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from cohortium.numerics.gaussian_mixture import (
    Mixture,
    Shrinkage,
    log_joint,
    maximise,
    moments_of,
    seeded_shares,
    split_evidence,
)
from cohortium.numerics.normal_scores import truncated

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

GRACE = 2
"""Rounds before a component may be dropped."""


@dataclass(frozen=True, slots=True)
class Latents:
    """What is known of the scores of n records in d dimensions.

    z         : (n, d) current scores, each inside its bounds.
    low, high : (n, d) bounds; equal where the score is known.
    strata    : (n,) the stratum of each record, counted from 0.
    persons   : (n,) the person of each record, as codes.
    weights   : (n,) how much each record counts; those of a person sum to 1.
    """

    z: Floats
    low: Floats
    high: Floats
    strata: Integers
    persons: Integers
    weights: Floats


@njit(cache=True, nogil=True)
def redraw(
    z: Floats, owners: Integers, means: Floats, precisions: Floats, low: Floats, high: Floats, uniforms: Floats
) -> None:
    """Draw every unknown score of ``z`` (n, d) once, in place, from its normal given the rest of its record.

    owners   : (n,) component of each record; means (K, d) and precisions (K, d, d), the inverse covariances.
    uniforms : (n, d) in (0, 1).
    Source   : Hoff 2007 (extended rank likelihood).
    """
    for i in range(z.shape[0]):
        k = owners[i]
        for j in range(z.shape[1]):
            if low[i, j] < high[i, j]:
                tilt = 0.0
                for other in range(z.shape[1]):
                    tilt += precisions[k, j, other] * (z[i, other] - means[k, other])
                own = precisions[k, j, j]
                sd = 1.0 / np.sqrt(own)
                z[i, j] = truncated(z[i, j] - tilt / own, sd, low[i, j], high[i, j], uniforms[i, j])


def learn(
    latents: Latents,
    components: Integers,
    shrinkage: Shrinkage,
    least: float,
    *,
    rng: np.random.Generator,
    wander: int = 15,
    settle: int = 15,
) -> tuple[Mixture, Integers]:
    """The mixture that the records stem from, and the stratum that each of its components belongs to.

    components     : how many to begin with in each stratum; one that counts under ``least`` persons is dropped.
    wander, settle : rounds in which the newest draw alone counts, then rounds that are averaged.
    Returns        : mixture with weights over all strata, homes (K,); ``latents.z`` is left as a draw given it.
    Source         : Delyon, Lavielle and Moulines 1999 (stochastic approximation EM).
    """
    z, weights = latents.z, latents.weights
    shares, home = _seeds(latents, components, rng)
    barred = np.where(latents.strata[:, None] == home[None, :], 0.0, -np.inf)
    moments = moments_of(z, shares, weights)
    mixture = maximise(moments, shrinkage)
    for number in range(1, wander + settle + 1):
        owners = (shares.cumsum(axis=1) < rng.random((len(z), 1))).sum(axis=1).clip(0, len(home) - 1)
        precisions = np.linalg.inv(mixture.covariances)
        redraw(z, owners, mixture.means, precisions, latents.low, latents.high, rng.random(z.shape))
        _, shares = split_evidence(log_joint(mixture, z) + barred)
        moments = moments.towards(moments_of(z, shares, weights), 1.0 / max(1, number - wander))
        weak = _weakest(moments.counts, home, least) if number > GRACE else None
        if weak is not None:
            home, barred = np.delete(home, weak), np.delete(barred, weak, axis=1)
            _, shares = split_evidence(np.delete(log_joint(mixture, z), weak, axis=1) + barred)
            moments = moments_of(z, shares, weights)
        mixture = maximise(moments, shrinkage)
    return mixture, home


def _weakest(counts: Floats, home: Integers, least: float) -> int | None:
    """The component that counts least, if that is too little and its stratum has another."""
    dispensable = (counts < least) & (np.bincount(home)[home] > 1)
    return int(np.where(dispensable, counts, np.inf).argmin()) if dispensable.any() else None


def _seeds(latents: Latents, components: Integers, rng: np.random.Generator) -> tuple[Floats, Integers]:
    home = np.repeat(np.arange(len(components)), components)
    shares = np.zeros((len(latents.z), len(home)))
    for stratum, count in enumerate(components):
        rows, own = np.flatnonzero(latents.strata == stratum), np.flatnonzero(home == stratum)
        shares[np.ix_(rows, own)] = seeded_shares(latents.z[rows], int(count), latents.weights[rows], rng)
    return shares, home
