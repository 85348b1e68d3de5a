"""What a site says in a round of expectation and maximisation: moments of scores drawn from what its rows hold.

A score that is only known to lie in an interval is drawn anew in every round, by a few sweeps from the same start: with
numbers that follow from the row and the round, so nothing need be remembered at a site from one round to the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from cohortium.numerics.gaussian_mixture import Mixture, Moments, log_joint, moments_of, split_evidence
from cohortium.numerics.keyed_draws import fingerprints, uniforms
from cohortium.numerics.latent_mixture import redraw
from cohortium.numerics.normal_scores import normal_quantile
from cohortium.records import Table
from cohortium.synthesise.tables.latent_space import FINE, LatentSpace

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

FEW_SWEEPS, SWEEPS = 6, 16
"""Times that unknown scores are drawn anew, for a first mixture and for the last: strong relations need many."""
STRIDE = 64
BEGINNING = 1 << 32
"""Key of the first draws, the same in every round."""


@dataclass(frozen=True, slots=True)
class HomedMixture:
    """A mixture over all strata, and the stratum (K,) that each component belongs to."""

    mixture: Mixture
    home: Integers

    def shares(self, z: Floats, strata: Integers) -> tuple[Floats, Floats]:
        """Log density (n,) of scores (n, d) within their strata (n,), and the share (n, K) of each component."""
        barred = np.where(strata[:, None] == self.home[None, :], 0.0, -np.inf)
        whole = np.bincount(self.home, self.mixture.weights, minlength=int(strata.max(initial=0)) + 1)
        log_density, shares = split_evidence(log_joint(self.mixture, z) + barred)
        return log_density - np.log(whole[strata]), shares


@dataclass(frozen=True, slots=True)
class SiteScores:
    """The rows of one site: bounds (n, d) of their scores, and a first draw inside; strata and fingerprints (n,)."""

    z: Floats
    low: Floats
    high: Floats
    strata: Integers
    words: NDArray[np.uint64]

    @classmethod
    def of(cls, table: Table, space: LatentSpace, cells: Integers, used: Integers, strata: Integers, seed: int) -> Self:
        """The scores of a site's rows on the axes ``used``; cells (n, axes) as ``space`` gives them."""
        low, high = np.empty((2, len(table), len(used)))
        for place, number in enumerate(used):
            axis = space.axes[number]
            marginal = space.marginals[axis.columns[0]]
            if axis.missing:
                low[:, place], high[:, place] = axis.edges[cells[:, number]], axis.edges[cells[:, number] + 1]
            else:
                low[:, place], high[:, place] = marginal.ranks(marginal.read(table))
        words = fingerprints(_content(table, space), seed)
        z = normal_quantile(low + (high - low) * uniforms(words, BEGINNING, len(used)))
        low, high = normal_quantile(low), normal_quantile(high)
        point = high - low < FINE
        return cls(z, np.where(point, z, low), np.where(point, z, high), strata, words)

    def drawn(self, model: HomedMixture | None, key: int, sweeps: int) -> Floats:
        """Scores (n, d) drawn given the mixture; the first draws where there is none yet."""
        z = self.z.copy()
        if model is None or not len(z):
            return z
        precisions = np.linalg.inv(model.mixture.covariances)
        for sweep in range(sweeps):
            own = key * STRIDE + sweep
            numbers = uniforms(self.words, own, z.shape[1] + 1)
            reached = model.shares(z, self.strata)[1].cumsum(axis=1)
            owners = (reached < numbers[:, :1]).sum(axis=1).clip(0, len(model.home) - 1)
            redraw(z, owners, model.mixture.means, precisions, self.low, self.high, numbers[:, 1:].copy())
        return z

    def part(self, rows: NDArray[np.bool_]) -> SiteScores:
        """Some of the rows."""
        return SiteScores(self.z[rows], self.low[rows], self.high[rows], self.strata[rows], self.words[rows])


def _content(table: Table, space: LatentSpace) -> NDArray[np.uint8]:
    """What the rows hold, byte by byte: not their scores, whose last bits depend on sums over sites."""
    values = [marginal.read(table) for marginal in space.marginals]
    whole = np.stack([np.where(np.isnan(own), np.inf, own + 0.0) for own in values], axis=1)
    return whole.view(np.uint8).reshape(len(table), whole.shape[1] * whole.itemsize)


def moments_in(z: Floats, strata: Integers, model: HomedMixture | None, number: int) -> Moments:
    """Moments of scores by component, or by stratum (of so many) where there is no mixture yet."""
    if model is None:
        return moments_of(z, np.eye(number)[strata], np.ones(len(z)))
    return moments_of(z, model.shares(z, strata)[1], np.ones(len(z)))


def flat(moments: Moments) -> Floats:
    """Moments as one row of numbers."""
    return np.concatenate([moments.counts, moments.sums.ravel(), moments.products.ravel()])


def unflat(numbers: Floats, components: int, axes: int) -> Moments:
    """What ``flat`` made."""
    counts, sums, products = np.split(numbers, [components, components * (1 + axes)])
    return Moments(counts, sums.reshape(components, axes), products.reshape(components, axes, axes))
