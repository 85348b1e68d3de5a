"""What is learnt of one stratum: a mixture of normal scores, and how its scores become values of its own marginals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from cohortium.numerics.gaussian_mixture import Mixture, sample_given, sample_mixture
from cohortium.numerics.normal_scores import normal_cdf
from cohortium.synthesise.tables.conditioning import draw_ranks
from cohortium.synthesise.tables.latent_space import LatentSpace

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

CURVE = 513
"""Points at which the distribution function of a mixture is kept."""
REACH = 7.0
"""Standard deviations beyond the farthest component at which a distribution function counts as 0 or 1."""


@dataclass(frozen=True, slots=True)
class Window:
    """What a condition asks of one axis: ``intervals`` (k, 2) of its ranks in this stratum, and their whole length."""

    axis: int
    intervals: Floats
    chance: float


@dataclass(frozen=True, slots=True)
class Stratum:
    """One stratum of a copula mixture.

    share    : its share of the persons.
    mixture  : of the scores on the axes that any stratum has learnt.
    places   : (axes,) the dimension of the mixture that is each axis; -1 where this stratum knows the marginal alone.
    edges    : per axis the edges of its cells, as they are shared out in this stratum.
    scores   : (CURVE, d) evenly spaced scores of each dimension.
    curve    : (CURVE, d) the mixture's distribution function there.
    """

    share: float
    mixture: Mixture
    places: NDArray[np.int64]
    edges: tuple[Floats, ...]
    scores: Floats
    curve: Floats

    @classmethod
    def of(cls, share: float, mixture: Mixture, places: NDArray[np.int64], edges: tuple[Floats, ...]) -> Self:
        """The stratum, with the distribution functions of its mixture."""
        sd = np.sqrt(np.diagonal(mixture.covariances, axis1=1, axis2=2))
        ends = (mixture.means - REACH * sd).min(axis=0), (mixture.means + REACH * sd).max(axis=0)
        scores = np.linspace(*ends, CURVE)
        curve = np.zeros_like(scores)
        for weight, mean, spread in zip(mixture.weights, mixture.means, sd, strict=True):
            curve += weight * normal_cdf((scores - mean) / spread)
        return cls(share, mixture, places, edges, scores, curve)

    def draw(self, n: int, space: LatentSpace, rng: np.random.Generator, window: Window | None = None) -> Floats:
        """``n`` new records as numbers and level codes (n, columns), NaN where missing; all inside ``window``."""
        z = self._scores(n, rng, window)
        values = np.full((n, len(space.marginals)), np.nan)
        absent = np.zeros(values.shape, dtype=np.bool_)
        for column, marginal in enumerate(space.marginals):
            if column not in space.spanned:
                values[:, column] = marginal.values(np.full(n, 0.5))
            if column not in space.patterned:
                absent[:, column] = rng.random(n) < marginal.missing
        for number, axis in enumerate(space.axes):
            place = self.places[number]
            if place >= 0:
                ranks = np.interp(z[:, place], self.scores[:, place], self.curve[:, place])
            elif window is not None and window.axis == number:
                ranks = draw_ranks(window.intervals, n, rng)
            else:
                ranks = rng.random(n)
            if axis.missing:
                absent[:, list(axis.columns)] = (ranks > self.edges[number][1])[:, None]
            else:
                column = axis.columns[0]
                values[:, column] = space.marginals[column].values(ranks, self.edges[number])
        values[absent] = np.nan
        return values

    def _scores(self, n: int, rng: np.random.Generator, window: Window | None) -> Floats:
        place = -1 if window is None else int(self.places[window.axis])
        if window is None or place < 0:
            return sample_mixture(self.mixture, n, rng)
        bounds = np.interp(window.intervals, self.curve[:, place], self.scores[:, place])
        return sample_given(self.mixture, n, place, bounds, rng)

    def parts(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """The stratum as JSON values and arrays."""
        arrays = {
            "weights": self.mixture.weights,
            "means": self.mixture.means,
            "covariances": self.mixture.covariances,
            "places": self.places,
            "edges": np.concatenate([np.zeros(0), *self.edges]),
        }
        return {"share": self.share}, arrays

    @classmethod
    def from_parts(cls, facts: dict[str, Any], arrays: dict[str, NDArray[Any]], space: LatentSpace) -> Self:
        """The stratum of which these are the parts."""
        ends = np.cumsum([len(axis.edges) for axis in space.axes])[:-1]
        edges = tuple(np.split(arrays["edges"], ends)) if space.axes else ()
        mixture = Mixture(arrays["weights"], arrays["means"], arrays["covariances"])
        return cls.of(facts["share"], mixture, arrays["places"], edges)
