"""A model that adds up one curve for each feature, and how sums over sites move all curves at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cohortium.analyse.trees.agreed_bins import AgreedBins
from cohortium.analyse.trees.public_bins import DEVIATIONS, FineCells
from cohortium.errors import ProtocolViolation
from cohortium.records import State, Sums

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Integers = NDArray[np.int64]
    Reals = NDArray[np.float64]

ROUNDS = "slopes"
"""The step that asks for what the model gets wrong."""
EXTREME = 0.01
"""Nearest that the first chance may be to 0 or 1."""


@dataclass(frozen=True, slots=True)
class Additive:
    """The curves of all features, one after the other.

    start  : score before any curve. curve : (all bins,) what each bin adds.
    widths : (p,) bins of each feature. bin_of : (all fine cells,) the bin of each cell within its feature.
    """

    start: float
    curve: Reals
    widths: Integers
    bin_of: Integers

    @classmethod
    def of(cls, state: State) -> Additive:
        """The model of a state; raises ProtocolViolation where its parts do not belong together."""
        curve, bin_of = state.arrays["curve"], state.arrays["bin_of"]
        widths = np.asarray(state.facts["widths"], dtype=np.int64)
        if not len(widths) or widths.min() < 1 or widths.sum() != len(curve):
            raise ProtocolViolation("The curves in the state are not as long as it says.")
        return cls(float(state.facts["start"]), curve, widths, bin_of)

    def bins_of(self, fine: Integers, cells: Sequence[int]) -> Integers:
        """The bins (n, p), as places in ``curve``, of rows in fine cells (n, p), of which each feature has so many.

        A feature's bins are its own whatever the state says, so that a row has p different ones.
        Raises : ProtocolViolation where the state is for other cells.
        """
        if len(cells) != len(self.widths) or sum(cells) != len(self.bin_of):
            raise ProtocolViolation("The state joins other cells than the schema gives.")
        within = np.clip(self.bin_of[fine + starts_of(cells)], 0, self.widths - 1)
        found: Integers = within + starts_of(self.widths)
        return found

    def scores(self, bins: Integers) -> Reals:
        """The score (n,) of rows by their bins."""
        found: Reals = self.start + self.curve[bins].sum(axis=1)
        return found

    def by_feature(self, values: Reals) -> list[Reals]:
        """Values of all bins, feature by feature."""
        return np.split(values, np.cumsum(self.widths)[:-1])


def starts_of(widths: Sequence[int] | Integers) -> Integers:
    """Where each feature's part of a row of all features begins, (p,)."""
    ends = np.cumsum(np.asarray(widths, dtype=np.int64))
    return ends - np.asarray(widths, dtype=np.int64)


def first_model(total: Sums, state: State, cells: FineCells, smallest: int, is_chance: bool) -> State:
    """The state that asks for the first round, from the counts: bins that outweigh the noise, curves of zeros."""
    deviation = total.noise.get("cells", 0.0)
    maps, columns = cells.joined(total["cells"], smallest, deviation)
    counted = np.split(total["cells"].astype(np.float64), np.cumsum(cells.widths)[:-1])
    persons = np.concatenate(
        [np.bincount(bins, own, column.width) for bins, own, column in zip(maps, counted, columns, strict=True)]
    )
    mean = float(np.clip(float(total["outcome"]) / max(total.persons, 1), 0.0, 1.0))
    chance = min(max(mean, EXTREME), 1 - EXTREME)
    listed, cuts = AgreedBins(tuple(columns)).parts()
    facts = {
        "ends": state.facts["ends"],
        "bins": listed,
        "widths": [column.width for column in columns],
        "start": float(np.log(chance / (1 - chance))) if is_chance else mean,
        "bend": chance * (1 - chance) if is_chance else 1.0,
        "enough": max(float(smallest), DEVIATIONS * deviation),
        "round": 0,
        "persons": total.persons,
    }
    zeros = np.zeros(len(persons))
    arrays = {"curve": zeros, "variance": zeros, "persons": persons, "bin_of": np.concatenate(maps)}
    return State(ROUNDS, facts, arrays | cuts)


def moved(total: Sums, state: State, rate: float, damping: float, l2: float) -> State:
    """The state after one more round: a damped Newton step of each bin alone, as if nothing else moved."""
    deviation, persons = total.noise.get("slopes", 0.0), state.arrays["persons"]
    bent = np.maximum(persons, 1.0) * state.facts["bend"] + damping * deviation + l2
    step = np.where(persons >= state.facts["enough"], rate / bent, 0.0)
    arrays = {
        **state.arrays,
        "curve": state.arrays["curve"] - step * total["slopes"],
        "variance": state.arrays["variance"] + (step * deviation) ** 2,
    }
    return State(ROUNDS, {**state.facts, "round": state.facts["round"] + 1}, arrays)
