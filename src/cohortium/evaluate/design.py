"""Columns as the covariates of a regression: standardised numbers and one indicator per frequent level."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cohortium.errors import NotApplicable
from cohortium.evaluate.disclosure import FEWEST

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cohortium.records import Matrices

RIDGE = 1.0
"""A weak prior on standardised covariates: without it, one that separates the outcomes has no finite estimate."""


@dataclass(frozen=True, slots=True)
class Design:
    """How tables become covariates, learnt from the real one.

    terms : of each covariate the column, and the level it indicates (None for a number).
    names : of each covariate, for people.
    centre, scale : of each covariate in the real table.
    """

    terms: tuple[tuple[int, int | None], ...]
    names: tuple[str, ...]
    centre: NDArray[np.float64]
    scale: NDArray[np.float64]

    def covariates(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """The covariates (n, k) of rows ``values`` (n, p); a missing number counts as the real mean."""
        X = np.empty((len(values), len(self.terms)))
        for place, (column, level) in enumerate(self.terms):
            part = values[:, column]
            X[:, place] = part if level is None else part == level
        X = (X - self.centre) / self.scale
        return np.nan_to_num(X, nan=0.0, posinf=0.0, neginf=0.0)

    def largest(self, k: int, weight: NDArray[np.float64]) -> Design:
        """Only the ``k`` covariates with the largest ``weight`` (n_terms,), in their old order."""
        kept = np.sort(np.argsort(-weight, kind="stable")[:k])
        return Design(
            tuple(self.terms[i] for i in kept), tuple(self.names[i] for i in kept), self.centre[kept], self.scale[kept]
        )


def design(tables: Matrices, columns: Sequence[int]) -> Design:
    """A design of these columns of the first of ``tables``.

    The most frequent level of a nominal column is the one that others are compared with; a level needs ten real
    persons, and one in a hundred. Columns that do not vary are left out.
    Raises : NotApplicable where no covariate is left.
    """
    real = tables.values[0]
    terms: list[tuple[int, int | None]] = []
    names: list[str] = []
    for column in columns:
        values = real[:, column]
        known = values[np.isfinite(values)]
        if tables.nominal[column]:
            for level in _indicated(known):
                terms.append((column, level))
                names.append(f"{tables.names[column]} = {tables.levels[column][level]}")
        elif len(known) >= FEWEST and known.min() < known.max():
            terms.append((column, None))
            names.append(tables.names[column])
    if not terms:
        raise NotApplicable("A regression needs a column that varies among real persons.")
    centre, scale = np.empty(len(terms)), np.empty(len(terms))
    for place, (column, indicated) in enumerate(terms):
        values = real[:, column]
        part = values[np.isfinite(values)] if indicated is None else (values == indicated).astype(np.float64)
        centre[place], scale[place] = part.mean(), part.std()
    return Design(tuple(terms), tuple(names), centre, np.where(scale > 0, scale, 1.0))


def _indicated(known: NDArray[np.float64]) -> list[int]:
    counts = np.bincount(known.astype(np.int64), minlength=1)
    often = np.flatnonzero(counts >= max(FEWEST, 0.01 * counts.sum()))
    return [int(level) for level in often if level != counts.argmax()]
