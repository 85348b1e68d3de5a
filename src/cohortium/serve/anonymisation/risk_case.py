"""What a risk assessment is asked about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from cohortium.anonymise.tables.hierarchy import Hierarchy
from cohortium.records import Role, Table


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """What is assessed.

    table       : the persons as they are.
    columns     : what others may know of them.
    release     : what is to leave; the table itself where None.
    against     : an earlier release of the same persons.
    holdout     : persons like them who are not in the table.
    register    : the population, or a register of it; ``population`` is its size where only that is known.
    sensitive   : columns that nobody must learn.
    groups      : columns whose groups are compared.
    outcome     : column of which the groups' shares are compared.
    smallest    : class size that two releases together must keep.
    """

    table: Table
    columns: tuple[str, ...]
    release: Table | None = None
    against: Table | None = None
    holdout: Table | None = None
    register: Table | None = None
    population: int | None = None
    sensitive: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    outcome: str = ""
    hierarchies: dict[str, Hierarchy] = field(default_factory=dict)
    smallest: int = 5

    @property
    def subject(self) -> Table:
        """What the verdict is about."""
        return self.table if self.release is None else self.release


def sensitive_columns(table: Table, named: Sequence[str]) -> tuple[str, ...]:
    """Those named, else those whose role in the schema says so."""
    return tuple(named) or tuple(column.name for column in table.schema.with_role(Role.SENSITIVE))
