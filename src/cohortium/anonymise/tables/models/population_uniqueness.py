"""Population uniqueness: few of those who stand alone in the table do so in the population."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from cohortium.errors import InvalidRequest, NotApplicable
from cohortium.numerics.population_uniqueness import dankar, pitman, snb, zayatz
from cohortium.registry import privacy_model

if TYPE_CHECKING:
    from numpy.typing import NDArray

Estimator = Literal["dankar", "pitman", "zayatz", "snb"]
_ESTIMATORS = {"dankar": dankar, "pitman": pitman, "zayatz": zayatz, "snb": snb}


@privacy_model("population_uniqueness", title="population uniqueness", source="Dankar et al. 2012")
@dataclass(frozen=True, slots=True)
class PopulationUniqueness:
    """The share of the population that stands alone, estimated from the release, is at most a bound.

    at_most    : from 0, below 1.
    population : persons of it, of whom the table is taken to be a random sample.
    estimator  : "dankar" chooses among the others, "pitman", "zayatz", "snb" (slide negative binomial).
    Raises     : InvalidRequest.
    Source     : Dankar, El Emam, Neisa and Roffey 2012, BMC Medical Informatics and Decision Making 12:66.
    """

    at_most: float
    population: int
    estimator: Estimator = "dankar"

    def __post_init__(self) -> None:
        if not 0 <= self.at_most < 1:
            raise InvalidRequest(f"Population uniqueness is bounded from 0 to below 1, not at {self.at_most:g}.")
        if self.population < 1 or self.estimator not in get_args(Estimator):
            raise InvalidRequest(
                f"Population uniqueness needs the persons of the population and an estimator of {get_args(Estimator)}."
            )

    @property
    def sensitive(self) -> tuple[str, ...]:
        """None."""
        return ()

    def holds(self, persons: NDArray[np.int64]) -> bool:
        """Whether the estimate is low enough; not where the estimator has no answer. Of nobody it holds."""
        if not len(persons):
            return True
        try:
            return bool(_ESTIMATORS[self.estimator](persons, self.population) <= self.at_most)
        except NotApplicable:
            return False

    def __str__(self) -> str:
        return (
            f"at most {self.at_most:.3g} of the {self.population:,} persons of the population stand alone, by the "
            f"estimate of {self.estimator}"
        )
