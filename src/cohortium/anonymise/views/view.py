"""A table as a role may see it for a purpose, made when it is read; the table itself stays as it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

from cohortium.anonymise.pseudonyms import KeyRing
from cohortium.anonymise.tables.hierarchy import Hierarchy
from cohortium.anonymise.views.attribute_policy import AttributePolicy
from cohortium.anonymise.views.precision import HIDDEN, Precision
from cohortium.anonymise.views.shown import shown
from cohortium.errors import PermitDenied
from cohortium.records import Schema, Table


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """A table as it is shown, and how exactly each column of the one behind it is; hidden ones among them."""

    table: Table
    precisions: Mapping[str, Precision]


def view(
    table: Table,
    policy: AttributePolicy,
    *,
    role: str,
    purpose: str,
    hierarchies: Mapping[str, Hierarchy] | None = None,
    keys: KeyRing | None = None,
) -> Table:
    """The columns that ``policy`` shows to ``role`` for ``purpose``, each as exactly as it allows, in their order.

    hierarchies : column -> hierarchy, for columns shown at a level.
    keys        : for pseudonyms and shifted dates.
    Raises      : PermitDenied where nothing is shown; InvalidRequest where policy and table contradict each other.
    Reveals     : all rows. A view is not anonymous: it is for people who may see these records to this extent.
    """
    return view_with_account(table, policy, role=role, purpose=purpose, hierarchies=hierarchies, keys=keys).table


def view_with_account(
    table: Table,
    policy: AttributePolicy,
    *,
    role: str,
    purpose: str,
    hierarchies: Mapping[str, Hierarchy] | None = None,
    keys: KeyRing | None = None,
) -> View:
    """As ``view``, with how exactly each column is shown."""
    precisions = policy.precisions(table.schema.names, role, purpose)
    visible = {name: how for name, how in precisions.items() if how != HIDDEN}
    if not visible:
        raise PermitDenied(
            f"The policy '{policy.title}' hides every column from the role '{role}' for the purpose '{purpose}'."
        )
    made = {name: shown(table, name, how, hierarchies or {}, keys) for name, how in visible.items()}
    exact = {name for name, how in visible.items() if how.way == "exact"}
    rules = tuple(rule for rule in table.schema.constraints if set(rule.columns) <= exact)
    schema = Schema(tuple(column for _, column in made.values()), rules, table.schema.title)
    arrow = pa.table([array for array, _ in made.values()], names=list(made))
    return View(Table(arrow, schema), precisions)
