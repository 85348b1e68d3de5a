"""delta-presence: nobody learns from a release who of a population is in the table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cohortium.anonymise.tables.models.protocol import Classes
from cohortium.errors import InvalidRequest
from cohortium.registry import privacy_model

if TYPE_CHECKING:
    from numpy.typing import NDArray

ROUNDING = 1e-12


@privacy_model("delta_presence", title="delta-presence", source="Nergiz, Atzori and Clifton 2007")
@dataclass(frozen=True, slots=True)
class DeltaPresence:
    """Of the population's persons with the values of a class, the share in the table lies between two bounds.

    least, most : the bounds, from 0 to 1. Where ``least`` is above 0, persons of the population whom nobody in the
                  table equals count only if the population was given with their combinations, at 0 rows.
    Raises      : InvalidRequest.
    Source      : Nergiz, Atzori and Clifton 2007, SIGMOD.
    """

    least: float
    most: float

    def __post_init__(self) -> None:
        if not 0 <= self.least <= self.most <= 1:
            raise InvalidRequest(
                f"delta-presence needs 0 <= least <= most <= 1, not least = {self.least:g}, most = {self.most:g}."
            )

    @property
    def nested(self) -> bool:
        """No: one part of a class may be shared by many of the population, and another by few."""
        return False

    @property
    def sensitive(self) -> tuple[str, ...]:
        """None: who is in the table is what is hidden."""
        return ()

    def fails(self, classes: Classes) -> NDArray[np.bool_]:
        """(c,) True where too many or too few of those who could be in a class are.

        Raises : InvalidRequest where the population is not given, or has fewer persons in a class than the table.
        """
        persons, population = classes.persons(), classes.population()
        if (population < persons).any():
            raise InvalidRequest(
                f"The population has fewer persons than the table in {int((population < persons).sum()):,} classes; it "
                "must hold everybody who is in the table."
            )
        shares = persons / np.maximum(population, 1)
        return np.asarray((shares < self.least - ROUNDING) | (shares > self.most + ROUNDING))

    def __str__(self) -> str:
        return (
            f"of those in the population who share the values of a class, {self.least:.0%} to {self.most:.0%} are in "
            "the table"
        )
