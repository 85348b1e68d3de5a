"""In which order a sequential method takes the columns."""

from __future__ import annotations

from collections.abc import Iterable

from cohortium.records import Role, Schema
from cohortium.synthesise.tables.derived import Derivation, Lookup


def column_order(schema: Schema, widths: dict[str, int], derived: Iterable[Derivation] = ()) -> tuple[str, ...]:
    """Outcome first, then time and event, then columns from few bins to many.

    Modelling the outcome first keeps what it depends on (Tang et al. 2024, arXiv 2405.17333, for survival); few bins
    first lets the coarse structure be settled while leaves are large.
    """
    rank = {Role.EVENT: 0, Role.TIME: 1, Role.OUTCOME: 2}
    stands_for = {rule.determinant: rule.dependent for rule in derived if isinstance(rule, Lookup)}

    def place(name: str) -> tuple[int, int]:
        roles = schema[name].roles | (schema[stands_for[name]].roles if name in stands_for else frozenset())
        return min((rank[role] for role in roles if role in rank), default=3), widths[name]

    return tuple(sorted((name for name in schema.names if name in widths), key=place))
