"""A mixture of Gaussians for records of which many scores are only known to lie in an interval.

Such a score (the rank of a level, of a spike, of a missing value) is drawn anew in every round from its normal given
the rest of its record, so that associations are those of the values and not those of the noise that first filled the
intervals.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from cohortium.numerics.gaussian_mixture import (
    Mixture,
    Shrinkage,
    fit_mixture,
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

GRID = (1, 2, 3, 4, 6, 8, 11, 16, 23, 32)
"""Numbers of components that are tried."""
SPLITS = 2
"""How often sizes are compared on held-out records."""
ENOUGH = 4_000
"""So many records of a stratum are enough to compare sizes."""
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
        weak = _weakest(moments.counts, home, least) if GRACE < number <= wander else None
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


@dataclass(frozen=True, slots=True)
class Size:
    """How rich a mixture is: components per stratum, and for how many records the shared covariance counts in each."""

    components: Integers
    shared: float


def choose_size(
    latents: Latents, most: Integers, shared: tuple[float, ...], shrinkage: Shrinkage, *, rng: np.random.Generator
) -> Size:
    """The simplest size that predicts held-out records about as well as any.

    most   : components that a stratum may have at most.
    shared : candidates, of which a large one is simple.

    A third of the persons is held out, ``SPLITS`` times. A richer mixture is taken where it gains more on the held-out
    records than the standard error of that gain: what it would gain by less, it would owe to single records.
    """
    chance = rng.permutation(len(latents.z))
    held_out = [(rng.random(latents.persons.max() + 1) < 1.0 / 3.0)[latents.persons] for _ in range(SPLITS)]
    best, best_density = Size(np.ones(len(most), dtype=np.int64), max(shared)), np.empty(0)
    for persons in sorted(shared, reverse=True):
        components, parts = np.ones(len(most), dtype=np.int64), []
        for stratum, limit in enumerate(most):
            rows = chance[latents.strata[chance] == stratum][:ENOUGH]
            folds = [test[rows] for test in held_out]
            components[stratum], density = _components(
                latents.z[rows], latents.weights[rows], folds, int(limit), replace(shrinkage, persons=persons), rng
            )
            parts.append(density)
        density = np.concatenate(parts)
        if not len(best_density) or gains(density - best_density):
            best, best_density = Size(components, persons), density
    return best


def gains(gain: Floats) -> bool:
    """Whether the mean of ``gain`` is above its standard error."""
    return bool(gain.mean() * np.sqrt(len(gain)) > gain.std())


def _components(
    x: Floats,
    weights: Floats,
    folds: list[NDArray[np.bool_]],
    most: int,
    shrinkage: Shrinkage,
    rng: np.random.Generator,
) -> tuple[int, Floats]:
    """The number of components, and the log density that held-out records then have, fold after fold."""
    best, best_density, worse = 0, np.empty(0), 0
    for components in GRID:
        if (components > most or worse > 1) and best:
            break
        parts = []
        for test in folds:
            mixture = fit_mixture(
                x[~test],
                components,
                rng=rng,
                weights=weights[~test],
                shrinkage=shrinkage,
                tolerance=1e-3,
                most_rounds=25,
            )
            parts.append(weights[test] * split_evidence(log_joint(mixture, x[test]))[0])
        density = np.concatenate(parts)
        if not best or gains(density - best_density):
            best, best_density, worse = components, density, 0
        else:
            worse += 1
    return best, best_density
