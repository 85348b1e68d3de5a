"""Principal components: the directions in which patients differ most."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.analyse.answers import numbers
from cohortium.analyse.design import complete, persons_in
from cohortium.analyse.moments import require_numbers
from cohortium.analyse.noise.axes import axes_notes, noisy_covariance
from cohortium.analyse.noise.counts import noise_facts
from cohortium.analyse.noise.gram import NoisyGram
from cohortium.analyse.noise.products import (
    MOMENTS_BEARABLE,
    PARTS,
    PRODUCTS,
    SCALES,
    NoisyProducts,
    is_noisy,
    quoted,
)
from cohortium.errors import InvalidRequest, NotApplicable, TooFewRecords
from cohortium.records import PERSONS, Result, Schema, State, Sums, Table
from cohortium.registry import algorithm

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]


@algorithm(
    "pca",
    title="Principal component analysis",
    leaves_site="sums of the columns, and sums of their products around the means of all sites",
    source="Jolliffe 2002, Principal Component Analysis, 2nd ed., chapters 2 and 3",
    family="models",
)
@dataclass(frozen=True, slots=True)
class PCA:
    """Loadings and explained variance of numeric columns; the scores of patients stay where they are.

    variables  : two or more numeric columns; rows where any is missing are left out.
    components : how many are shown; all where None.
    is_scaled  : whether columns are divided by their standard deviations (the correlation matrix is decomposed).
    Each component points so that its first loading of at least half its largest is positive. A site computes scores as
    (values - centre) / scale times the loadings, which are among the arrays.
    In mode "dp" the notes name components whose directions noise could have made.
    Reveals    : means, standard deviations and loadings over all sites.
    """

    variables: tuple[str, ...]
    components: int | None = None
    is_scaled: bool = True

    def columns(self) -> tuple[str, ...]:
        """The variables."""
        return self.variables

    def start(self, schema: Schema) -> State:
        """Ask for means.

        Raises : InvalidRequest where settings do not fit the schema.
        """
        wanted, size = self.components, len(self.variables)
        if len(set(self.variables)) < max(2, size):
            raise InvalidRequest(f"Components need two or more different columns; {list(self.variables)} came.")
        if wanted is not None and not 1 <= wanted <= size:
            raise InvalidRequest(f"There are from 1 to {size} components of {size} columns; {wanted} were asked for.")
        require_numbers(schema, *self.variables)
        return State("means", {}, {"centre": np.zeros(size)})

    def start_noisy(self, schema: Schema) -> State:
        """Ask for moments of rows of bounded length; raises NotApplicable where a column states no plausible range."""
        self.start(schema)
        return self._noisy().start(schema, {})

    def local(self, records: Table, state: State) -> Sums:
        """Sums and products around the centre."""
        if is_noisy(state):
            return self._noisy().local(records, state)
        rows = complete(records, self.variables)
        gaps = np.stack([rows.numeric(name) for name in self.variables], axis=1) - state.arrays["centre"]
        return Sums({PERSONS: persons_in(rows), "n": len(rows), "sum": gaps.sum(axis=0), "products": gaps.T @ gaps})

    def combine(self, total: Sums, state: State) -> State | Result:
        """Means, then the components.

        Raises : TooFewRecords with fewer than two rows; NotApplicable where a column to be scaled does not vary.
        """
        if state.step == SCALES:
            return self._noisy().scaled(total, state)
        if state.step == PRODUCTS:
            return self._noisy_answer(total, state)
        n, centre = int(total["n"]), state.arrays["centre"]
        if n < 2:
            raise TooFewRecords("Components need two or more rows in which no column is missing.")
        shift = total["sum"] / n
        if state.step == "means":
            return State("products", {}, {"centre": centre + shift})
        covariance = (total["products"] - n * np.outer(shift, shift)) / (n - 1)
        return self._answer(total.persons, n, centre + shift, covariance, self._scale(np.diag(covariance), centre))

    def _answer(self, persons: int, n: int, centre: Reals, covariance: Reals, scale: Reals) -> Result:
        values, loadings = principal_axes(covariance / np.outer(scale, scale))
        shown = len(values) if self.components is None else self.components
        arrays = {"centre": centre, "scale": scale, "loadings": loadings[:, :shown]}
        tables = {"components": _explained(values, shown), "loadings": _loadings(self.variables, loadings[:, :shown])}
        facts = {"n": n, "is_scaled": self.is_scaled, "variance": float(values.sum())}
        return Result("Principal component analysis", persons, tables, facts, arrays)

    def _noisy_answer(self, total: Sums, state: State) -> Result:
        gram = NoisyGram.of(total)
        centre, covariance = noisy_covariance(gram, state, self.variables)
        scale = np.sqrt(np.diag(covariance)) if self.is_scaled else np.ones(len(covariance))
        answer = self._answer(total.persons, total.persons, centre, covariance, scale)
        values = principal_axes(covariance / np.outer(scale, scale))[0]
        unit = state.arrays["half"] * state.arrays["scale"] / scale
        facts = {"notes": axes_notes(gram, values, unit), **noise_facts(total)}
        return replace(answer, facts=answer.facts | facts)

    def steps(self) -> tuple[int, ...]:
        """In mode "dp": a look at where the rows are, and their products."""
        return PARTS

    def sensitivity(self, state: State) -> dict[str, float]:
        """As of ``NoisyProducts``."""
        return self._noisy().sensitivity(state)

    def array_weights(self, state: State) -> dict[str, float]:
        """As of ``NoisyProducts``."""
        return self._noisy().array_weights(state)

    def clip(self, records: Table, state: State) -> Table:
        """One row per person, with numbers within their plausible ranges."""
        return self._noisy().clip(records)

    def _noisy(self) -> NoisyProducts:
        return NoisyProducts(quoted(self.variables), bearable=MOMENTS_BEARABLE)

    def _scale(self, variance: Reals, centre: Reals) -> Reals:
        if not self.is_scaled:
            return np.ones(len(variance))
        flat = variance <= (1e-12 * np.abs(centre)) ** 2
        if flat.any():
            named = ", ".join(name for name, is_flat in zip(self.variables, flat, strict=True) if is_flat)
            raise NotApplicable(f"{named} does not vary, so it cannot be scaled. Leave it out.")
        found: Reals = np.sqrt(variance)
        return found


def principal_axes(matrix: Reals) -> tuple[Reals, Reals]:
    """Eigenvalues (p,), largest first, and unit eigenvectors (p, p) in columns, of a covariance matrix.

    The first entry of at least half the largest size is positive: not the largest itself, since two equal ones would
    leave the sign to rounding.
    """
    values, axes = np.linalg.eigh((matrix + matrix.T) / 2)
    values, axes = np.maximum(values[::-1], 0.0), axes[:, ::-1]
    sizes = np.abs(axes)
    first = np.argmax(sizes >= 0.5 * sizes.max(axis=0), axis=0)
    return values, axes * np.sign(axes[first, np.arange(len(first))])


def _explained(values: Reals, shown: int) -> dict[str, list[Any]]:
    share = values / max(float(values.sum()), 1e-300)
    return {
        "component": [f"PC{place + 1}" for place in range(shown)],
        "variance": numbers(values[:shown]),
        "share": numbers(share[:shown]),
        "cumulative_share": numbers(np.cumsum(share)[:shown]),
    }


def _loadings(names: tuple[str, ...], loadings: Reals) -> dict[str, list[Any]]:
    table: dict[str, list[Any]] = {"variable": list(names)}
    return table | {f"PC{place + 1}": numbers(column) for place, column in enumerate(loadings.T)}
