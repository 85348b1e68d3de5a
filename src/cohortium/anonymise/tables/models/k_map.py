"""k-map: at least k persons of the population share the values of a class, however few of them are in the table."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from cohortium.anonymise.tables.models.protocol import Classes
from cohortium.errors import InvalidRequest
from cohortium.registry import privacy_model

if TYPE_CHECKING:
    from numpy.typing import NDArray

Estimator = Literal["zero_truncated_poisson", "poisson"]


@privacy_model("k_map", title="k-map", source="Sweeney 2002; El Emam and Dankar 2008")
@dataclass(frozen=True, slots=True)
class KMap:
    """Every class is shared by at least k persons of the population.

    k            : fewest persons of the population, 2 or more.
    population   : persons of it, where only their number is known and the table is a random sample of them: a class
                   passes with so many persons in the table that a class of k persons in the population would show as
                   many only with chance ``significance``. None where the population itself is given.
    estimator    : how many of k persons are in the table: "zero_truncated_poisson" (of those classes that are in it at
                   all), or "poisson".
    significance : above 0 and below 1.
    Raises       : InvalidRequest.
    Source       : Sweeney 2002 (the model); El Emam and Dankar 2008, J. Am. Med. Inform. Assoc. 15(5), 627-637 (both
                   estimators, there D3 and D4).
    """

    k: int
    population: int | None = None
    estimator: Estimator = "zero_truncated_poisson"
    significance: float = 0.01

    def __post_init__(self) -> None:
        if self.k < 2:
            raise InvalidRequest(f"k-map needs k of 2 or more, not {self.k}.")
        if self.estimator not in get_args(Estimator) or not 0 < self.significance < 1:
            raise InvalidRequest(
                f"k-map needs an estimator of {get_args(Estimator)} and a significance above 0 and below 1."
            )

    @property
    def nested(self) -> bool:
        """A class that too few share has finer classes that no more share, in the table as in the population."""
        return True

    @property
    def sensitive(self) -> tuple[str, ...]:
        """None: it does not ask what a class shares besides."""
        return ()

    def fails(self, classes: Classes) -> NDArray[np.bool_]:
        """(c,) True where too few persons of the population share a class."""
        if self.population is None:
            return classes.population() < self.k
        whose = classes.tuples.persons
        sampled = classes.tuples.rows if whose is None else len(np.unique(whose))
        if self.population < sampled:
            raise InvalidRequest(
                f"The population of {self.population:,} has fewer persons than the table, {sampled:,}."
            )
        return classes.persons() < self.needed(sampled / self.population)

    def needed(self, fraction: float) -> int:
        """Fewest persons of a class in the table, of which ``fraction`` of the population is; at most k."""
        mean, passed, least = fraction * self.k, 0.0, 0
        whole = 1.0
        if self.estimator == "zero_truncated_poisson":
            least, whole = 1, -math.expm1(-mean)
        while passed < 1 - self.significance and least < self.k:
            passed += math.exp(least * math.log(mean) - mean - math.lgamma(least + 1)) / whole
            least += 1
        return least

    def __str__(self) -> str:
        how = "" if self.population is None else f", by estimate from {self.population:,} persons"
        return f"at least {self.k} persons of the population share every combination of quasi-identifying values{how}"
