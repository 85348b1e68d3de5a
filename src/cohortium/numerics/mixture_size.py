"""How rich a mixture may be before it describes single persons rather than the population."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from cohortium.numerics.gaussian_mixture import Shrinkage, fit_mixture, log_joint, split_evidence
from cohortium.numerics.latent_mixture import Latents

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
    return len(gain) > 0 and bool(gain.mean() * np.sqrt(len(gain)) > gain.std())


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
