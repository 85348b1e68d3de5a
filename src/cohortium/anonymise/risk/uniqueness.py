"""Who stands alone: in the table, and by estimate in the population that it comes from."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from cohortium.anonymise.risk.person_classes import PersonClasses
from cohortium.errors import NotApplicable
from cohortium.numerics.population_uniqueness import dankar, pitman, snb, zayatz

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Estimator = Callable[[NDArray[np.int64], int], float]

ESTIMATORS: dict[str, Estimator] = {"dankar": dankar, "pitman": pitman, "zayatz": zayatz, "snb": snb}
"""By name; Dankar's rule chooses among the others and is the one to read first."""


def unique_share(classes: PersonClasses) -> float:
    """Share of persons who have a row that nobody else shares."""
    return float((classes.worst(1.0 / classes.sizes) == 1.0).mean())


def unique_in_population(classes: PersonClasses, population: int) -> dict[str, float | str]:
    """By estimator, the share of the population's persons who would stand alone, or why it gives none.

    population : persons of the population, of whom the table is taken to be a random sample.
    """
    found: dict[str, float | str] = {}
    for name, estimate in ESTIMATORS.items():
        try:
            found[name] = estimate(classes.sizes, population)
        except NotApplicable as reason:
            found[name] = str(reason)
    return found
