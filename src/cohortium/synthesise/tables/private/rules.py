"""Rules of the schema that hold by construction: sums are added up, dependent columns are looked up in the model.

The schema's rules are public; which dependent value belongs to which level is learnt through a noisy marginal.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from cohortium.numerics.graphical_model import GraphicalModel
from cohortium.records import FunctionalDependency, Kind, Schema, SumRule
from cohortium.synthesise.tables.derived import Lookup
from cohortium.synthesise.tables.private.columns import PrivateColumn


def totals(schema: Schema) -> tuple[SumRule, ...]:
    """Sum rules whose total can be computed from modelled columns."""
    found: list[SumRule] = []
    for rule in schema.constraints:
        if isinstance(rule, SumRule):
            computed = {other.total for other in found}
            used = {part for other in found for part in other.parts}
            if rule.total not in computed | used and not computed & set(rule.parts):
                found.append(rule)
    return tuple(found)


def dependencies(schema: Schema) -> tuple[FunctionalDependency, ...]:
    """Dependencies of modelled columns on the levels of modelled columns that are not dependent themselves."""
    found: list[FunctionalDependency] = []
    settled = {name for rule in totals(schema) for name in rule.columns}
    for rule in schema.constraints:
        if isinstance(rule, FunctionalDependency) and schema[rule.determinant].kind.is_nominal:
            dependents = {other.dependent for other in found}
            determinants = {other.determinant for other in found}
            if rule.dependent not in settled | dependents | determinants and rule.determinant not in dependents:
                found.append(rule)
    return tuple(found)


def lookup(
    rule: FunctionalDependency, names: Sequence[str], columns: Sequence[PrivateColumn], model: GraphicalModel
) -> Lookup:
    """The dependent value that is likeliest for each level of the determinant."""
    places = names.index(rule.determinant), names.index(rule.dependent)
    determinant, dependent = (columns[place] for place in places)
    best = model.marginal(places).argmax(axis=1)
    keys = pa.array(list(determinant.levels), pa.string())
    if determinant.column.kind is Kind.BOOLEAN:
        keys = pa.array([level == "true" for level in determinant.levels])
    values = dependent.typical().take(pa.array(best[determinant.cells[:-1]]))
    return Lookup(rule.determinant, rule.dependent, keys, values)
