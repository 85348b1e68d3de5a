"""How likely a person is found again, from the sizes of classes alone.

Three attackers. The prosecutor knows that a person is in the table: 1 / persons of the class. The journalist knows
persons of the population, of whom the table holds some: 1 / persons of the population who share the class. The marketer
links everybody and cares for how many of the links are right: the mean over persons of the journalist's chance.

Sources : Dankar and El Emam 2010, EDBT/ICDT Workshops (marketer risk); El Emam 2013, Guide to the De-Identification of
          Personal Health Information (the three risks, thresholds on them).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from cohortium.anonymise.risk.person_classes import PersonClasses
from cohortium.errors import InvalidRequest

if TYPE_CHECKING:
    from numpy.typing import NDArray

THRESHOLDS = (0.2, 0.09, 0.05)
"""One in five, in eleven, in twenty: smallest classes of 5, 12 and 20 persons."""
_NODES = 64


@dataclass(frozen=True, slots=True)
class Risk:
    """What one attacker achieves.

    highest : for the person who is found most easily.
    average : mean over persons, so the share of persons whom he finds if he tries everybody.
    above   : per threshold, the share of persons who are found with a higher chance.
    persons : of whom it was taken.
    """

    highest: float
    average: float
    above: dict[float, float]
    persons: int

    @classmethod
    def of(cls, chances: NDArray[np.float64], thresholds: Sequence[float] = THRESHOLDS) -> Risk:
        """Of the chances of all persons (p,)."""
        above = {one: float((chances > one + 1e-12).mean()) for one in thresholds}
        return cls(float(chances.max()), float(chances.mean()), above, len(chances))


def prosecutor(classes: PersonClasses) -> Risk:
    """The attacker knows that the person is in the table; a person with several rows by the row that tells most."""
    return Risk.of(classes.worst(1.0 / classes.sizes))


def journalist(classes: PersonClasses, in_population: NDArray[np.float64]) -> Risk:
    """The attacker knows the population, not who of it is in the table.

    in_population : (c,) chance 1 / F of each class, F the persons of the population who share its values; known from
                    a register (``chances_in_register``) or expected (``expected_chances``).
    Returns       : its average is the marketer's risk.
    """
    return Risk.of(classes.worst(in_population))


def chances_in_register(classes: PersonClasses, in_register: NDArray[np.int64]) -> NDArray[np.float64]:
    """1 / F (c,) for the classes of a table or release, counted in a register of the population.

    in_register : (r,) the class to which each person of the register belongs, -1 where to none, as ``link`` finds it.
    Raises      : InvalidRequest where classes have fewer persons in the register than in the table.
    """
    kept = in_register[in_register >= 0]
    found = np.bincount(kept, minlength=len(classes.sizes))
    lacking = int((found < classes.sizes).sum())
    if lacking:
        raise InvalidRequest(
            f"{lacking:,} of {len(found):,} classes have fewer persons in the register than in the table. The register "
            "must hold the population from which the table's persons come, with the same columns and spellings."
        )
    return 1.0 / found


def expected_chances(classes: PersonClasses, population: int) -> NDArray[np.float64]:
    """What 1 / F is expected to be (c,) where the table is a random sample of ``population`` persons.

    F given f is f and a negative binomial number of persons who were not drawn. Averages are sound for a random sample;
    for one class it is a guess, and a table of a hospital is no random sample of a country.
    Raises : InvalidRequest where the population is smaller than the table.
    Source : Benedetti and Franconi 1998 (individual risk), as an integral: p times that of u^(f-1) / (p + (1-p) u).
    """
    share = classes.number / population
    if share > 1:
        raise InvalidRequest(
            f"The population of {population:,} is smaller than the table's {classes.number:,} persons."
        )
    sizes, place = np.unique(classes.sizes, return_inverse=True)
    return np.array([_expected(int(size), share) for size in sizes])[place]


def _expected(size: int, share: float) -> float:
    """The integral over [0, 1]; with u = exp(-t) cut at the scale of ``share`` where it bends."""
    points, weights = np.polynomial.legendre.leggauss(_NODES)
    ends = [0.0, *(share * 4.0**power for power in range(-3, 40) if share * 4.0**power < 1), 1.0]
    total = 0.0
    for low, high in pairwise(ends):
        u = (high - low) / 2 * points + (high + low) / 2
        total += float(((high - low) / 2 * weights * u ** (size - 1) / (share + (1 - share) * u)).sum())
    return min(share * total, 1.0 / size)
