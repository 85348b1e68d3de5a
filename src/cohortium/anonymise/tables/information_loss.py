"""How much a table loses when its values are told less exactly, as a sum over columns and rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cohortium.anonymise.tables.hierarchy import Hierarchy
from cohortium.anonymise.tables.tuples import Tuples
from cohortium.errors import InvalidRequest

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class InformationLoss:
    """The loss of every value at every level, so that the loss of any release is a sum of these.

    A value that is told exactly loses 0, one that could be any loses 1, and so does every value of a row that is left
    out. A release loses the mean over rows of the weighted mean over columns.

    generalised : (q, most levels) what all rows lose in a column at a level.
    spared      : (all values, most levels) what one row with that value does not lose at a level, so what leaving it
                  out costs beyond generalising it.
    starts      : (q,) where the values of each column begin in ``spared``.
    Source : Iyengar 2002, KDD, section 3 (loss metric); suppressed rows as Sweeney 2002 (precision).
    """

    generalised: NDArray[np.float64]
    spared: NDArray[np.float64]
    starts: NDArray[np.int64]

    @classmethod
    def of(
        cls, tuples: Tuples, hierarchies: Sequence[Hierarchy], weights: Sequence[float] | None = None
    ) -> InformationLoss:
        """The losses over a table.

        weights : of the columns, in proportion; equal where None.
        Raises  : InvalidRequest for weights that are negative or all 0.
        """
        shares = [one.shares() for one in hierarchies]
        portions = np.ones(len(shares)) if weights is None else np.asarray(weights, dtype=np.float64)
        if len(portions) != len(shares) or (portions < 0).any() or not portions.any():
            raise InvalidRequest("The weights of the columns must be one per column, none below 0, and not all 0.")
        portions = portions / portions.sum() / tuples.rows
        most = max(len(share) for share in shares)
        starts = np.cumsum([0, *(share.shape[1] for share in shares)])
        generalised = np.zeros((len(shares), most))
        spared = np.zeros((starts[-1], most))
        for place, share in enumerate(shares):
            held = np.bincount(tuples.codes[:, place], weights=tuples.counts, minlength=share.shape[1])
            generalised[place, : len(share)] = portions[place] * (share @ held)
            spared[starts[place] : starts[place + 1], : len(share)] = portions[place] * (1 - share).T
        return cls(generalised, spared, starts[:-1])

    def with_left_out(self, left_out: NDArray[np.int64]) -> NDArray[np.float64]:
        """(q, most levels) what a column loses at a level when some rows are left out.

        left_out : (all values,) rows left out by value, column after column.
        """
        extra: NDArray[np.float64] = np.add.reduceat(self.spared * left_out[:, None], self.starts, axis=0)
        return self.generalised + extra

    def of_release(self, node: NDArray[np.int64], tuples: Tuples, left_out: NDArray[np.bool_]) -> float:
        """What a release at ``node`` loses without the combinations (t,) that are left out."""
        counts = np.where(left_out, tuples.counts, 0)
        ends = [*self.starts[1:], len(self.spared)]
        by_value = [
            np.bincount(tuples.codes[:, place], weights=counts, minlength=end - start)
            for place, (start, end) in enumerate(zip(self.starts, ends, strict=True))
        ]
        return self.of_node(node, self.with_left_out(np.concatenate(by_value).astype(np.int64)))

    def of_node(self, node: NDArray[np.int64], losses: NDArray[np.float64]) -> float:
        """What a release at ``node`` loses; ``losses`` is ``generalised`` or what ``with_left_out`` gave."""
        return float(losses[np.arange(len(node)), node].sum())
