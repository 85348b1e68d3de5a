"""K-means: groups of patients around means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.analyse.answers import number, numbers
from cohortium.analyse.design import complete
from cohortium.analyse.moments import require_numbers
from cohortium.analyse.noise.k_means import PARTS, NoisyKMeans, is_noisy
from cohortium.analyse.pca import principal_axes
from cohortium.errors import InvalidRequest, NotApplicable, TooFewRecords
from cohortium.records import PERSONS, Result, Schema, State, Sums, Table
from cohortium.registry import algorithm

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]

_ROUNDS_BETWEEN = 5
_MOST_ROUNDS = 500
_STILL = 1e-12
"""Standard deviations that no mean may move by in a round at the end."""


@algorithm(
    "k_means",
    title="K-means clustering",
    leaves_site="for every cluster: how many records, their sums, and the products of their distances from its mean",
    source="Lloyd 1982, IEEE Trans. Inf. Theory 28, 129; start by splitting: Linde, Buzo & Gray 1980, IEEE Trans. "
    "Commun. 28, 84",
    counts=("size",),
    family="models",
)
@dataclass(frozen=True, slots=True)
class KMeans:
    """Clusters of rows of numeric columns, by size of the squared distance to the nearest mean.

    variables : numeric columns; rows where any is missing are left out.
    clusters  : how many.
    is_scaled : whether columns are divided by their standard deviations first.
    No record can be drawn as a start, so none is: from one cluster on, that of the largest spread is split along its
    longest axis until there are enough. The same records give the same clusters, numbered by their means.
    In mode "dp" there are a fixed number of rounds, and starts are spread as normal numbers would be.
    Reveals   : mean, size and spread of every cluster over all sites.
    """

    variables: tuple[str, ...]
    clusters: int
    is_scaled: bool = True

    def columns(self) -> tuple[str, ...]:
        """The variables."""
        return self.variables

    def start(self, schema: Schema) -> State:
        """One cluster around the origin.

        Raises : InvalidRequest where settings do not fit the schema.
        """
        require_numbers(schema, *self.variables)
        size = len(self.variables)
        if size == 0 or len(set(self.variables)) < size:
            raise InvalidRequest(f"Clusters need one or more different columns; {list(self.variables)} came.")
        if self.clusters < 1:
            raise InvalidRequest(f"The number of clusters is 1 or more, not {self.clusters}.")
        return State("means", {"rounds": 0, "since_split": 0}, _unscaled(size))

    def start_noisy(self, schema: Schema) -> State:
        """Ask where the rows lie; raises NotApplicable where a column states no plausible range."""
        self.start(schema)
        return self._noisy().start(schema)

    def local(self, records: Table, state: State) -> Sums:
        """Counts, sums and products of the rows nearest to each mean, around it."""
        if is_noisy(state):
            return self._noisy().local(records, state)
        rows = complete(records, self.variables)
        arrays = state.arrays
        X = np.stack([rows.numeric(name) for name in self.variables], axis=1)
        X = (X - arrays["centre"]) / arrays["scale"]
        means = arrays["means"]
        nearest = np.argmin(((X[:, None, :] - means) ** 2).sum(axis=2), axis=1)
        gaps = X - means[nearest]
        sums, products = np.zeros(means.shape), np.zeros((*means.shape, means.shape[1]))
        np.add.at(sums, nearest, gaps)
        for place in range(len(means)):
            mine = gaps[nearest == place]
            products[place] = mine.T @ mine
        size = np.bincount(nearest, minlength=len(means)).astype(np.int64)
        return Sums({PERSONS: len(np.unique(rows.persons())), "size": size, "sums": sums, "products": products})

    def combine(self, total: Sums, state: State) -> State | Result:
        """Centre and scale first; then means move, clusters are split, and at the end nothing moves any more.

        Raises : TooFewRecords with fewer different rows than clusters.
        """
        if is_noisy(state):
            return self._noisy().combine(total, state)
        if int(total["size"].sum()) == 0:
            raise TooFewRecords("No row has a value in every column; clusters need such rows.")
        if state.step == "means":
            return State("spread", state.facts, state.arrays | {"centre": total["sums"][0] / int(total["size"][0])})
        if state.step == "spread":
            return State("clusters", state.facts, state.arrays | {"scale": self._scale(total)})
        return self._moved(total, state)

    def steps(self) -> tuple[int, ...]:
        """In mode "dp": a look at where the rows are, rounds that move the means, and how far rows are from them."""
        return PARTS

    def sensitivity(self, state: State) -> dict[str, float]:
        """As of ``NoisyKMeans``."""
        return self._noisy().sensitivity(state)

    def array_weights(self, state: State) -> dict[str, float]:
        """As of ``NoisyKMeans``."""
        return self._noisy().array_weights(state)

    def clip(self, records: Table, state: State) -> Table:
        """One row per person, with numbers within their plausible ranges."""
        return self._noisy().rows().clip(records)

    def _noisy(self) -> NoisyKMeans:
        return NoisyKMeans(self.variables, self.clusters, self.is_scaled)

    def _scale(self, total: Sums) -> Reals:
        variance = np.diag(total["products"][0]) / int(total["size"][0])
        if not self.is_scaled:
            return np.ones(len(variance))
        if (variance <= 0).any():
            named = ", ".join(name for name, v in zip(self.variables, variance, strict=True) if v <= 0)
            raise NotApplicable(f"{named} does not vary, so it cannot be scaled. Leave it out.")
        found: Reals = np.sqrt(variance)
        return found

    def _moved(self, total: Sums, state: State) -> State | Result:
        seen = total["size"] > 0
        size = total["size"][seen].astype(np.float64)
        shift = total["sums"][seen] / size[:, None]
        means = state.arrays["means"][seen] + shift
        products = total["products"][seen] - size[:, None, None] * shift[:, :, None] * shift[:, None, :]
        facts = state.facts | {"rounds": state.facts["rounds"] + 1, "since_split": state.facts["since_split"] + 1}
        still = bool(seen.all()) and float(np.abs(shift).max()) <= _STILL
        if len(means) < self.clusters and (still or not seen.all() or facts["since_split"] >= _ROUNDS_BETWEEN):
            return State(
                "clusters", facts | {"since_split": 0}, state.arrays | {"means": _split(means, products, size)}
            )
        if (still and len(means) == self.clusters) or facts["rounds"] >= _MOST_ROUNDS:
            return self._answer(total, state.arrays | {"means": means}, products, facts | {"converged": still})
        return State("clusters", facts, state.arrays | {"means": means})

    def _answer(self, total: Sums, arrays: dict[str, Reals], products: Reals, facts: dict[str, Any]) -> Result:
        order = np.lexsort(arrays["means"].T[::-1])
        size, spread = total["size"][total["size"] > 0][order], np.trace(products, axis1=1, axis2=2)[order]
        centres = arrays["centre"] + arrays["means"][order] * arrays["scale"]
        n = int(size.sum())
        whole = float(spread.sum() + (size[:, None] * arrays["means"][order] ** 2).sum())
        table: dict[str, list[Any]] = {"cluster": [place + 1 for place in range(len(size))], "n": size.tolist()}
        table |= {"share": numbers(size / n), "within": numbers(spread)}
        table |= {name: numbers(column) for name, column in zip(self.variables, centres.T, strict=True)}
        known = {
            "n": n,
            "within": float(spread.sum()),
            "explained": number(1.0 - float(spread.sum()) / whole) if whole > 0 else None,
            "converged": facts["converged"],
            "rounds": facts["rounds"],
            "is_scaled": self.is_scaled,
        }
        kept = {"centres": centres, "centre": arrays["centre"], "scale": arrays["scale"]}
        return Result("K-means clustering", total.persons, {"clusters": table}, known, kept)


def _unscaled(size: int) -> dict[str, Reals]:
    return {"centre": np.zeros(size), "scale": np.ones(size), "means": np.zeros((1, size))}


def _split(means: Reals, products: Reals, size: Reals) -> Reals:
    """The means with that of the most spread cluster replaced by two, a standard deviation to either side of it.

    Raises : TooFewRecords where no cluster has any spread.
    """
    place = int(np.argmax(np.trace(products, axis1=1, axis2=2)))
    values, axes = principal_axes(products[place] / size[place])
    if values[0] <= 1e-20:
        raise TooFewRecords("There are fewer different rows than clusters; ask for fewer clusters.")
    step = np.sqrt(values[0]) * axes[:, 0]
    return np.concatenate([means[:place], [means[place] - step], means[place + 1 :], [means[place] + step]])
