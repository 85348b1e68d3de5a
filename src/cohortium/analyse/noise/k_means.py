"""K-means under noise: a fixed number of rounds of noisy sums and counts, from starts that no record has a part in.

Source : Blum, Dwork, McSherry & Nissim 2005, PODS, 128; few rounds and starts apart: Su et al. 2016, CODASPY, 26.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.analyse.answers import numbers
from cohortium.analyse.noise.counts import noise_facts, with_intervals
from cohortium.analyse.noise.products import MOMENTS_BEARABLE, SCALES, NoisyProducts, quoted
from cohortium.records import PERSONS, Result, Schema, State, Sums, Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]

CLUSTERS, WITHIN = "noisy clusters", "noisy within"
ROUNDS = 5
PARTS = (1, *(3,) * ROUNDS, 1)
SIZE_WEIGHT, PERSONS_WEIGHT = 0.3, 0.05
DRAWN, SETTLING = 2_000, 30
NOTE = (
    "The sums carry noise that hides any single person. Of each person one complete row counts, with numbers within "
    "their plausible ranges; rows far from the mean are drawn in to the distance at which noise is set."
)


def is_noisy(state: State) -> bool:
    """Whether a state is one of mode "dp"."""
    return state.step in (SCALES, CLUSTERS, WITHIN)


@dataclass(frozen=True, slots=True)
class NoisyKMeans:
    """The steps; settings as of ``KMeans``."""

    variables: tuple[str, ...]
    clusters: int
    is_scaled: bool

    def start(self, schema: Schema) -> State:
        """Ask where the rows lie; raises NotApplicable where a column states no plausible range."""
        return self.rows().start(schema, {})

    def local(self, records: Table, state: State) -> Sums:
        """Counts of the rows nearest to each mean, with their sums, at last with their squared distances."""
        if state.step == SCALES:
            return self.rows().local(records, state)
        rows = self.rows().rows(records, state)
        Z = rows.Z * np.sqrt(rows.weight)[:, None] * np.clip(np.nan_to_num(state.arrays["metric"]), 0.0, 1.0)
        means = state.arrays["means"]
        gaps = ((Z[:, None, :] - means) ** 2).sum(axis=2)
        nearest = np.argmin(gaps, axis=1)
        found: dict[str, Any] = {PERSONS: rows.persons, "size": np.bincount(nearest, minlength=len(means))}
        if state.step == WITHIN:
            limit = self._farthest(state)
            spread = np.minimum(np.take_along_axis(gaps, nearest[:, None], axis=1)[:, 0], limit)
            return Sums(found | {"within": np.bincount(nearest, spread, minlength=len(means)).astype(np.float64)})
        sums = np.zeros(means.shape)
        np.add.at(sums, nearest, Z)
        return Sums(found | {"sums": sums})

    def sensitivity(self, state: State) -> dict[str, float]:
        """A person is one row, no longer than ``reach``, of one cluster, no farther from its mean than both lengths."""
        if state.step == CLUSTERS:
            return {PERSONS: 1.0, "size": 1.0, "sums": abs(float(state.facts["reach"]))}
        if state.step == WITHIN:
            return {PERSONS: 1.0, "size": 1.0, "within": self._farthest(state)}
        return self.rows().sensitivity(state)

    def array_weights(self, state: State) -> dict[str, float]:
        """Most to the sums, of which there are most."""
        return {PERSONS: PERSONS_WEIGHT, "size": SIZE_WEIGHT}

    def combine(self, total: Sums, state: State) -> State | Result:
        """Scales, starts, the next means, the answer."""
        if state.step == SCALES:
            return self._begun(self.rows().scaled(total, state))
        if state.step == WITHIN:
            return self._answer(total, state)
        size, noise = total["size"].astype(np.float64), total.noise.get("size", 0.0)
        seen = size > max(4.0 * noise, 0.5)
        moved = total["sums"] / np.where(seen, size, 1.0)[:, None]
        length = np.linalg.norm(moved, axis=1, keepdims=True)
        moved = moved * np.minimum(1.0, state.facts["reach"] / np.maximum(length, 1e-300))
        means = np.where(seen[:, None], moved, state.arrays["means"])
        facts = state.facts | {"round": state.facts["round"] + 1}
        step = CLUSTERS if facts["round"] < ROUNDS else WITHIN
        return State(step, facts, state.arrays | {"means": means})

    def rows(self) -> NoisyProducts:
        """What bounds the rows."""
        return NoisyProducts(quoted(self.variables), bearable=MOMENTS_BEARABLE)

    def _begun(self, state: State) -> State:
        """Starts in units of spread, and by what a column is multiplied where it is not to be scaled."""
        unit = state.arrays["half"] * state.arrays["scale"]
        metric = np.ones(len(unit)) if self.is_scaled else unit / unit.max()
        means = normal_starts(self.clusters, len(unit)) * metric
        return State(CLUSTERS, state.facts | {"round": 0}, state.arrays | {"metric": metric, "means": means})

    def _farthest(self, state: State) -> float:
        longest = float(np.linalg.norm(state.arrays["means"], axis=1).max())
        return (abs(float(state.facts["reach"])) + longest) ** 2

    def _answer(self, total: Sums, state: State) -> Result:
        arrays = state.arrays
        order = np.lexsort(arrays["means"].T[::-1])
        unit = arrays["half"] * arrays["scale"]
        centre = arrays["middle"] + arrays["half"] * arrays["centre"]
        centres = centre + arrays["means"][order] / arrays["metric"] * unit
        size, within = total["size"][order], np.maximum(total["within"][order], 0.0)
        if not self.is_scaled:
            within = within * unit.max() ** 2
        n = max(int(size.sum()), 1)
        table: dict[str, list[Any]] = {"cluster": [place + 1 for place in range(len(size))], "n": size.tolist()}
        with_intervals(table, "n", size, total.noise.get("size"))
        table |= {"share": numbers(np.clip(size / n, 0.0, 1.0)), "within": numbers(within)}
        table |= {name: numbers(column) for name, column in zip(self.variables, centres.T, strict=True)}
        facts: dict[str, Any] = {
            "n": n,
            "within": float(within.sum()),
            "explained": None,
            "converged": None,
            "rounds": ROUNDS,
        }
        facts |= {"is_scaled": self.is_scaled, "notes": self._notes(total), **noise_facts(total)}
        scale = unit if self.is_scaled else np.ones(len(unit))
        kept = {"centres": centres, "centre": centre, "scale": scale}
        return Result("K-means clustering", total.persons, {"clusters": table}, facts, kept)

    def _notes(self, total: Sums) -> list[str]:
        lost = int((total["size"] <= 4.0 * total.noise.get("size", 0.0)).sum())
        return [NOTE] + ([f"{lost} clusters hold no more rows than noise could; ask for fewer."] if lost else [])


def normal_starts(clusters: int, size: int) -> Reals:
    """Means (clusters, size) of the clusters of normal numbers, the same ones every time."""
    drawn = np.random.default_rng(0).normal(size=(DRAWN, size))
    means = drawn[[0]]
    for _ in range(clusters - 1):
        nearest = ((drawn[:, None, :] - means) ** 2).sum(axis=2).min(axis=1)
        means = np.concatenate([means, drawn[[int(np.argmax(nearest))]]])
    for _ in range(SETTLING):
        nearest = np.argmin(((drawn[:, None, :] - means) ** 2).sum(axis=2), axis=1)
        means = np.stack([drawn[nearest == place].mean(axis=0) for place in range(clusters)])
    return means
