"""Mixtures of Gaussians by expectation and maximisation, with covariances that shrink where persons are few.

Everything that a fit needs of the records is a sum over them (``Moments``), and records may carry weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cohortium.numerics.normal_scores import normal_cdf, truncated_normal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

LOG_2PI = float(np.log(2.0 * np.pi))


@dataclass(frozen=True, slots=True)
class Mixture:
    """``weights`` (K,) that sum to 1, ``means`` (K, d) and ``covariances`` (K, d, d) of K Gaussians."""

    weights: Floats
    means: Floats
    covariances: Floats


@dataclass(frozen=True, slots=True)
class Moments:
    """Weighted counts (K,), sums (K, d) and sums of outer products (K, d, d) of the records of each component."""

    counts: Floats
    sums: Floats
    products: Floats

    def towards(self, other: Moments, step: float) -> Moments:
        """These moments moved by the share ``step`` of the way to ``other``."""
        return Moments(
            self.counts + step * (other.counts - self.counts),
            self.sums + step * (other.sums - self.sums),
            self.products + step * (other.products - self.products),
        )


@dataclass(frozen=True, slots=True)
class Shrinkage:
    """How far the covariance of a component is drawn to what all components share.

    persons : the shared covariance counts like so many records in every component.
    to_diagonal : draw the correlations of the shared covariance towards zero, by the amount that loses least.
    ridge   : added to every variance.
    """

    persons: float = 0.0
    to_diagonal: bool = False
    ridge: float = 1e-6


NO_SHRINKAGE = Shrinkage()


def log_joint(mixture: Mixture, x: Floats) -> Floats:
    """Log of weight times density of every record (n, d) under every component: (n, K)."""
    answer = np.empty((len(x), len(mixture.weights)))
    with np.errstate(divide="ignore"):
        log_weights = np.log(mixture.weights)
    for k, (mean, covariance) in enumerate(zip(mixture.means, mixture.covariances, strict=True)):
        factor = np.linalg.cholesky(covariance)
        standard = (x - mean) @ np.linalg.inv(factor).T
        log_size = np.log(np.diagonal(factor)).sum()
        answer[:, k] = log_weights[k] - 0.5 * (x.shape[1] * LOG_2PI + (standard**2).sum(axis=1)) - log_size
    return answer


def split_evidence(joint: Floats) -> tuple[Floats, Floats]:
    """Log density of every record (n,), and the share that each component has in it (n, K)."""
    highest = joint.max(axis=1, keepdims=True)
    shares = np.exp(joint - highest)
    total = shares.sum(axis=1, keepdims=True)
    return (highest + np.log(total))[:, 0], shares / total


def moments_of(x: Floats, shares: Floats, weights: Floats) -> Moments:
    """The sums over the records (n, d) that a mixture is made from; ``shares`` (n, K), record ``weights`` (n,)."""
    weighted = shares * weights[:, None]
    products = np.stack([(x * column[:, None]).T @ x for column in weighted.T])
    return Moments(weighted.sum(axis=0), weighted.T @ x, products)


def maximise(moments: Moments, shrinkage: Shrinkage) -> Mixture:
    """The mixture of greatest (penalised) likelihood for these moments."""
    counts = np.maximum(moments.counts, 1e-10)
    means = moments.sums / counts[:, None]
    scatter = moments.products - counts[:, None, None] * means[:, :, None] * means[:, None, :]
    total = counts.sum()
    covariances = scatter
    if shrinkage.persons > 0.0 or shrinkage.to_diagonal:
        shared = scatter.sum(axis=0) / total
        if shrinkage.to_diagonal:
            shared = shrunk_to_diagonal(shared, total)
        covariances = scatter + shrinkage.persons * shared
    covariances = covariances / (counts + shrinkage.persons)[:, None, None]
    covariances = covariances + shrinkage.ridge * np.eye(means.shape[1])
    return Mixture(counts / total, means, covariances)


def shrunk_to_diagonal(covariance: Floats, records: float) -> Floats:
    """A covariance whose correlations are multiplied by the factor that promises the least squared error.

    Source : Schäfer and Strimmer 2005, with the variance of a correlation of Gaussian records, (1 - r^2)^2 / n.
    """
    sd = np.sqrt(np.maximum(np.diagonal(covariance), 1e-12))
    r = covariance / sd[:, None] / sd[None, :]
    off = ~np.eye(len(sd), dtype=np.bool_)
    signal = float((r[off] ** 2).sum())
    noise = float(((1.0 - np.minimum(r[off] ** 2, 1.0)) ** 2).sum()) / max(records, 1.0)
    keep = 1.0 - min(1.0, noise / signal) if signal > 0.0 else 0.0
    return np.where(off, keep * covariance, covariance)


def seeded_shares(x: Floats, components: int, weights: Floats, rng: np.random.Generator) -> Floats:
    """First shares (n, K): each record to the nearest of K records that were drawn far apart.

    Source : Arthur and Vassilvitskii 2007 (k-means++), with one round of moving the centres to their records.
    """
    centres = x[rng.choice(len(x), p=weights / weights.sum())][None, :]
    nearest = ((x - centres[0]) ** 2).sum(axis=1)
    while len(centres) < components:
        chance = weights * nearest
        chance = chance / chance.sum() if chance.sum() > 0.0 else weights / weights.sum()
        centres = np.vstack([centres, x[rng.choice(len(x), p=chance)]])
        nearest = np.minimum(nearest, ((x - centres[-1]) ** 2).sum(axis=1))
    for _ in range(10):
        owner = _nearest(x, centres)
        shares = np.eye(components)[owner]
        mass = (shares * weights[:, None]).sum(axis=0)
        moved = (shares * weights[:, None]).T @ x / np.maximum(mass, 1e-10)[:, None]
        centres = np.where(mass[:, None] > 0.0, moved, centres)
    return np.eye(components)[_nearest(x, centres)]


def _nearest(x: Floats, centres: Floats) -> NDArray[np.int64]:
    distance = (centres**2).sum(axis=1) - 2.0 * x @ centres.T
    return np.asarray(distance.argmin(axis=1))


def fit_mixture(
    x: Floats,
    components: int,
    *,
    rng: np.random.Generator,
    weights: Floats | None = None,
    shrinkage: Shrinkage = NO_SHRINKAGE,
    tolerance: float = 1e-4,
    most_rounds: int = 200,
) -> Mixture:
    """The mixture of ``components`` Gaussians that fits the records (n, d) best, near one random start.

    tolerance : stop when a round adds less to the mean log-likelihood, or after ``most_rounds``.
    """
    weights = np.ones(len(x)) if weights is None else weights
    shares = seeded_shares(x, components, weights, rng)
    mixture = maximise(moments_of(x, shares, weights), shrinkage)
    before = -np.inf
    for _ in range(most_rounds):
        log_density, shares = split_evidence(log_joint(mixture, x))
        now = float(np.average(log_density, weights=weights))
        if abs(now - before) < tolerance:
            break
        before = now
        mixture = maximise(moments_of(x, shares, weights), shrinkage)
    return mixture


def sample_mixture(mixture: Mixture, n: int, rng: np.random.Generator) -> Floats:
    """``n`` records (n, d) drawn from the mixture."""
    return _of_components(mixture, rng.choice(len(mixture.weights), size=n, p=mixture.weights), rng)


def sample_given(mixture: Mixture, n: int, dimension: int, intervals: Floats, rng: np.random.Generator) -> Floats:
    """``n`` records (n, d) drawn from the mixture, given that one dimension lies in one of the ``intervals`` (k, 2).

    The mixture's own draw of that dimension is replaced by one from its truncated normal, and the others follow it
    along their regression on it, which leaves their law given the dimension as it was.
    """
    mean = mixture.means[:, dimension]
    sd = np.sqrt(mixture.covariances[:, dimension, dimension])
    ends = (intervals[None, :, :] - mean[:, None, None]) / sd[:, None, None]
    mass = np.maximum(np.diff(normal_cdf(ends), axis=2)[:, :, 0], 1e-300)
    chance = (mixture.weights[:, None] * mass).ravel()
    owners, chosen = np.divmod(rng.choice(len(chance), size=n, p=chance / chance.sum()), len(intervals))
    x = _of_components(mixture, owners, rng)
    low, high = intervals[chosen].T
    wanted = truncated_normal(mean[owners], sd[owners], low, high, rng.random(n))
    slope = mixture.covariances[:, dimension, :] / mixture.covariances[:, dimension, dimension][:, None]
    moved: Floats = x + slope[owners] * (wanted - x[:, dimension])[:, None]
    return moved


def _of_components(mixture: Mixture, owners: NDArray[np.int64], rng: np.random.Generator) -> Floats:
    x = rng.standard_normal((len(owners), mixture.means.shape[1]))
    for k in np.unique(owners):
        rows = owners == k
        x[rows] = x[rows] @ np.linalg.cholesky(mixture.covariances[k]).T + mixture.means[k]
    return x
