"""Who bears the cost of a release: rows left out, exactness lost and outcomes shifted, group by group.

Rare combinations are left out first and generalised most, and rare combinations are more often those of minorities.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cohortium.errors import TooFewRecords

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEWEST = 30
"""Groups of fewer persons are counted together: their figures would be about single persons."""
POOLED = "others (fewer than 30 persons each)"


@dataclass(frozen=True, slots=True)
class GroupCost:
    """What a release costs one group.

    share          : of the original rows that are the group's.
    left_out       : share of its rows that do not leave.
    loss           : mean loss of exactness of its rows, 1 for those that are left out.
    share_after    : of the rows that leave.
    outcome_before : share of its rows with the outcome, before; None without one.
    outcome_after  : the same among those that leave; None where fewer than thirty do.
    """

    group: str
    persons: int
    share: float
    left_out: float
    loss: float
    share_after: float
    outcome_before: float | None = None
    outcome_after: float | None = None


@dataclass(frozen=True, slots=True)
class Costs:
    """What a release costs the groups of one sensitive column.

    left_out_gap, loss_gap : the largest excess of a group over all rows.
    parity_before, parity_after : largest less smallest share with the outcome over the groups (statistical parity
                                  difference); None without an outcome.
    """

    column: str
    groups: tuple[GroupCost, ...]
    left_out_gap: float
    loss_gap: float
    parity_before: float | None
    parity_after: float | None

    @property
    def parity_shift(self) -> float | None:
        """How far the statistical parity difference moved."""
        if self.parity_before is None or self.parity_after is None:
            return None
        return self.parity_after - self.parity_before


def costs(
    column: str,
    codes: NDArray[np.int32],
    levels: Sequence[str],
    losses: NDArray[np.float64],
    stays: NDArray[np.bool_],
    *,
    outcome: NDArray[np.bool_] | None = None,
    persons: NDArray[np.int64] | None = None,
) -> Costs:
    """Group by group, what a release costs.

    codes, levels : the group of each row (n,), and what the groups are called.
    losses, stays : (n,) loss of each row, and whether it leaves.
    outcome       : (n,) whether it has the outcome.
    persons       : whose rows they are (n,), where a person has several.
    Raises        : TooFewRecords where fewer than two groups have thirty persons.
    Reveals       : shares of groups of at least thirty persons.
    """
    of_row, names = _pooled(codes, levels, persons)
    if len(names) < 2:
        raise TooFewRecords(f"Fewer than two groups of '{column}' have {FEWEST} persons; there is nothing to compare.")
    groups = tuple(_cost(name, of_row == place, losses, stays, outcome, persons) for place, name in enumerate(names))
    before, after = (_parity(groups, side) for side in ("outcome_before", "outcome_after"))
    left_out = 1.0 - float(stays.mean())
    return Costs(
        column=column,
        groups=tuple(sorted(groups, key=lambda one: -one.left_out)),
        left_out_gap=max(one.left_out for one in groups) - left_out,
        loss_gap=max(one.loss for one in groups) - float(losses.mean()),
        parity_before=before,
        parity_after=after,
    )


def _pooled(
    codes: NDArray[np.int32], levels: Sequence[str], persons: NDArray[np.int64] | None
) -> tuple[NDArray[np.int64], list[str]]:
    """Codes and names with the small groups in one, which is left out of all figures where it is small itself."""
    sizes = np.array([_count(codes == place, persons) for place in range(len(levels))], dtype=np.int64)
    large = np.flatnonzero(sizes >= FEWEST)
    names = [levels[int(place)] for place in large]
    lookup = np.full(len(levels) + 1, -1, dtype=np.int64)
    lookup[large] = np.arange(len(large))
    small = np.isin(codes, np.flatnonzero((sizes > 0) & (sizes < FEWEST)))
    found = lookup[codes]
    if _count(small, persons) >= FEWEST:
        found[small] = len(names)
        names.append(POOLED)
    return found, names


def _cost(
    name: str,
    members: NDArray[np.bool_],
    losses: NDArray[np.float64],
    stays: NDArray[np.bool_],
    outcome: NDArray[np.bool_] | None,
    persons: NDArray[np.int64] | None,
) -> GroupCost:
    left = members & stays
    enough = _count(left, persons) >= FEWEST
    return GroupCost(
        group=name,
        persons=_count(members, persons),
        share=float(members.mean()),
        left_out=1.0 - float(stays[members].mean()),
        loss=float(losses[members].mean()),
        share_after=float(left.sum() / max(stays.sum(), 1)),
        outcome_before=None if outcome is None else float(outcome[members].mean()),
        outcome_after=float(outcome[left].mean()) if outcome is not None and enough else None,
    )


def _parity(groups: Sequence[GroupCost], side: str) -> float | None:
    rates = [getattr(one, side) for one in groups]
    known = [rate for rate in rates if rate is not None]
    return max(known) - min(known) if len(known) >= 2 else None


def _count(rows: NDArray[np.bool_], persons: NDArray[np.int64] | None) -> int:
    return int(rows.sum()) if persons is None else len(np.unique(persons[rows]))
