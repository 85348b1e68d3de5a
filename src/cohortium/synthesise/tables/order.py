"""In which order a sequential method takes the columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from cohortium.records import Column, Role, Schema
from cohortium.synthesise.tables.derived import Derivation, Lookup

if TYPE_CHECKING:
    from numpy.typing import NDArray


def column_order(
    schema: Schema, widths: dict[str, int], derived: Iterable[Derivation] = (), anchor: str | None = None
) -> tuple[str, ...]:
    """Event, time and outcome first, then the anchor, then columns from few bins to many.

    Modelling the outcome first keeps what it depends on (Tang et al. 2024, arXiv 2405.17333, for survival); few bins
    first lets the coarse structure be settled while leaves are large.
    anchor : the number that most others depend on (age, as a rule): drawn late, given everything else, it would
             point at persons.
    """
    rank = {Role.EVENT: 0, Role.TIME: 1, Role.OUTCOME: 2}
    stands_for = {rule.determinant: rule.dependent for rule in derived if isinstance(rule, Lookup)}

    def place(name: str) -> tuple[int, int]:
        roles = schema[name].roles | (schema[stands_for[name]].roles if name in stands_for else frozenset())
        return min((rank[role] for role in roles if role in rank), default=3 + (name != anchor)), widths[name]

    return tuple(sorted((name for name in schema.names if name in widths), key=place))


def anchor_column(columns: Sequence[Column], related: NDArray[np.float64]) -> str | None:
    """The number with the strongest associations (p, p) to all columns together, if any has one."""
    total = np.where([column.kind.is_nominal for column in columns], 0.0, related.sum(axis=0))
    return columns[int(np.argmax(total))].name if total.max(initial=0.0) > 0 else None
