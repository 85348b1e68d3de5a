"""A measurable quantity of the body: which names speak of it, and which values it can have."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cohortium.sources.inference.names import words

if TYPE_CHECKING:
    from numpy.typing import NDArray

Limits = tuple[float, float]
_MOST_FIT = 0.9


@dataclass(frozen=True, slots=True)
class Quantity:
    """A measurable quantity.

    called     : what people call it.
    phrases    : words of column names that speak of it, in order.
    limits     : smallest and largest value possible, by unit, the commonest unit first; empty where the name is too
                 wide to set any.
    plausible  : smallest and largest value that a schema calls plausible, by unit; empty where none is proposed.
    factors    : by what its numbers differ where units are mixed.
    never_zero : a zero in its column means "not measured", because nobody alive has one.
    source     : where the limits come from.
    """

    called: str
    phrases: tuple[tuple[str, ...], ...]
    limits: dict[str, Limits]
    plausible: dict[str, Limits]
    factors: tuple[float, ...]
    never_zero: bool
    source: str

    def limits_of(self, values: NDArray[np.float64], unit: str | None) -> tuple[Limits, str]:
        """The limits in the unit stated, and that unit; or in the commonest unit in which most values are possible.

        Where most values are possible in no unit, the limits of the commonest, so that the unit comes under suspicion.
        """
        stated = _plain(unit) if unit else ""
        for name, limits in self.limits.items():
            if _plain(name) == stated:
                return limits, name
        for name, (low, high) in self.limits.items():
            if len(values) and np.mean((values >= low) & (values <= high)) >= _MOST_FIT:
                return (low, high), name
        first = next(iter(self.limits))
        return self.limits[first], first

    def plausible_in(self, unit: str | None) -> Limits | None:
        """The plausible range in ``unit``; where none is stated, in the only unit in use, if there is only one."""
        if unit is None:
            return next(iter(self.plausible.values())) if len(self.plausible) == 1 else None
        return self.plausible.get(unit)

    def is_mentioned(self, name: str) -> bool:
        """Whether the name has a word, or two neighbouring words, that speak of it, whatever else it says."""
        found = words(name)
        said, neighbours = {*found, "".join(found)}, set(itertools.pairwise(found))
        return any("".join(phrase) in said or phrase in neighbours for phrase in self.phrases)


_SPELT = {
    "year": "years", "y": "years", "yr": "years", "yrs": "years", "month": "months", "bpm": "beats/min", "c": "°c",
    "f": "°f", "lbs": "lb", "inch": "in", "inches": "in", "kg/m2": "kg/m²", "kg/m^2": "kg/m²", "percent": "%",
}  # fmt: skip


def _plain(unit: str) -> str:
    folded = unit.casefold().replace(" ", "").replace("\u03bc", "\u00b5").replace("umol", "\u00b5mol")
    return _SPELT.get(folded, folded)
