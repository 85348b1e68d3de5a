"""What a private fit knows: columns of cells, a joint model of the cells, and how the budget was spent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import pyarrow as pa

from cohortium.errors import NotApplicable
from cohortium.numerics.graphical_model import GraphicalModel
from cohortium.numerics.junction_tree import JunctionTree
from cohortium.records import Condition, Constraint, Guarantee, Schema, Table, concat, conjuncts
from cohortium.registry import model as register_model
from cohortium.synthesise.protocol import Parts
from cohortium.synthesise.tables.derived import Derivation, Total, rules_to_check
from cohortium.synthesise.tables.private.columns import PrivateColumn
from cohortium.synthesise.tables.private.rules import dependencies, lookup, totals

if TYPE_CHECKING:
    from numpy.typing import NDArray


RAREST = 1e-4
"""Below this share of accepted rows a condition counts as one that the model does not meet."""
FEWEST_TRIED = 50_000
BATCHES = (1_024, 262_144)


@register_model("private_marginals")
@dataclass(frozen=True)
class FittedPrivateMarginals:
    """A differentially private model of one table. All of it, and all that is made from it, carries the guarantee.

    columns  : the modelled columns; those that a sum rule gives are computed instead.
    model    : joint probabilities of the columns' cells.
    budget   : rho of each purpose as an exact fraction, with what was left unspent.
    patients : noisy number of patients behind the model: how many rows may be made without telling the true number.
    """

    method: ClassVar[str] = "private_marginals"

    schema: Schema
    columns: tuple[PrivateColumn, ...]
    model: GraphicalModel
    guarantee: Guarantee
    notes: tuple[str, ...]
    budget: dict[str, str]
    patients: int

    def sample(self, n: int, *, rng: np.random.Generator, where: Condition | None = None) -> Table:
        """``n`` new rows that satisfy ``where`` and every rule of the schema that the model can keep.

        Tests that must all hold enter the model as evidence; what remains holds by drawing again. Where noise has left
        no room for a rule of the schema, the last of its columns is missing in the rows that would break it.
        Raises : NotApplicable where the model finds (almost) no such rows.
        """
        derived = self._derivations()
        rules = rules_to_check(self.schema, derived)
        model = self.model if where is None else self._given(where)
        if where is None and not rules:
            return self._rows(model, n, rng, derived)

        kept: list[Table] = []
        have, tried, blank = 0, 0, False
        while have < n or not kept:
            batch = int(np.clip(1.2 * (n - have) * (tried + 1) / (have + 1), *BATCHES))
            table = self._rows(model, batch, rng, derived)
            table = _without_violations(table, rules) if blank else table.take(~_violations(table, rules))
            if where is not None:
                table = table.take(where.holds(table.with_schema(self._known())))
            kept.append(table)
            have, tried = have + len(table), tried + batch
            if tried >= FEWEST_TRIED and have < RAREST * tried:
                if blank or not rules:
                    raise NotApplicable(
                        f"The model makes {have} rows in {tried:,} that satisfy the condition; that is too few to draw "
                        "from. Widen the condition, or allow a larger epsilon."
                    )
                have, tried, blank = 0, 0, True
                kept.clear()
        return concat(kept).take(np.arange(n))

    def parts(self) -> Parts:
        """The model as plain data."""
        arrays: dict[str, NDArray[Any]] = {f"belief_{place}": table for place, table in enumerate(self.model.beliefs)}
        facts: list[dict[str, Any]] = []
        for place, column in enumerate(self.columns):
            own_facts, own_arrays = column.parts()
            facts.append(own_facts)
            arrays |= {f"column_{place}_{name}": array for name, array in own_arrays.items()}
        tree = self.model.tree
        return Parts(
            {
                "epsilon": self.guarantee.epsilon,
                "delta": self.guarantee.delta,
                "unit": self.guarantee.unit,
                "accountant": self.guarantee.accountant,
                "notes": list(self.notes),
                "budget": self.budget,
                "patients": self.patients,
                "columns": facts,
                "sizes": list(self.model.sizes),
                "cliques": [list(clique) for clique in tree.cliques],
                "parents": list(tree.parents),
                "separators": [list(separator) for separator in tree.separators],
            },
            arrays,
        )

    @classmethod
    def from_parts(cls, schema: Schema, parts: Parts) -> Self:
        """The model that ``parts`` holds."""
        facts, arrays = parts.facts, parts.arrays
        columns = tuple(
            PrivateColumn.from_parts(
                schema[own["name"]],
                own,
                {part: arrays[f"column_{place}_{part}"] for part in ("cells", "weights", "edges")},
            )
            for place, own in enumerate(facts["columns"])
        )
        tree = JunctionTree(
            tuple(tuple(clique) for clique in facts["cliques"]),
            tuple(facts["parents"]),
            tuple(tuple(separator) for separator in facts["separators"]),
        )
        beliefs = [np.asarray(arrays[f"belief_{place}"], dtype=np.float64) for place in range(len(tree.cliques))]
        guarantee = Guarantee(facts["epsilon"], facts["delta"], facts["unit"], facts["accountant"])
        model = GraphicalModel(facts["sizes"], tree, beliefs)
        notes, budget, patients = tuple(facts["notes"]), dict(facts["budget"]), int(facts["patients"])
        return cls(schema, columns, model, guarantee, notes, budget, patients)

    def _rows(self, model: GraphicalModel, n: int, rng: np.random.Generator, derived: Sequence[Derivation]) -> Table:
        states = model.sample(n, rng)
        made = {column.column.name: column.decode(states[:, place], rng) for place, column in enumerate(self.columns)}
        for rule in derived:
            made[rule.dependent] = rule.column(made, self.schema)
        return Table(pa.table([made[name] for name in self.schema.names], names=list(self.schema.names)), self.schema)

    def _given(self, where: Condition) -> GraphicalModel:
        names = [column.column.name for column in self.columns]
        computed = {rule.dependent for rule in self._derivations()}
        evidence: dict[int, NDArray[np.float64]] = {}
        for test in conjuncts(where):
            if test.column in names and test.column not in computed:
                place = names.index(test.column)
                accepted = self.columns[place].accepted(test).astype(np.float64)
                evidence[place] = evidence.get(place, 1.0) * accepted
        model = self.model.given(evidence)
        if not np.isfinite(model.log_partition):
            raise NotApplicable("The model knows no row that satisfies the condition. Widen the condition.")
        return model

    def _derivations(self) -> tuple[Derivation, ...]:
        names = [column.column.name for column in self.columns]
        looked_up = [lookup(rule, names, self.columns, self.model) for rule in dependencies(self.schema)]
        return (*looked_up, *(Total(rule) for rule in totals(self.schema)))

    def _known(self) -> Schema:
        """The schema with the levels that were found: a batch may lack one by chance, a condition must know it."""
        known = self.schema
        for column in self.columns:
            if column.column.kind.is_nominal and column.column.levels is None:
                known = known.replace_column(replace(column.column, levels=column.levels))
        return known


def _violations(table: Table, rules: Sequence[Constraint]) -> NDArray[np.bool_]:
    broken = np.zeros(len(table), dtype=np.bool_)
    for rule in rules:
        broken |= rule.violated(table)
    return broken


def _without_violations(table: Table, rules: Sequence[Constraint]) -> Table:
    """The rows with a value missing wherever a rule is broken: a rule does not speak of missing values."""
    for rule in rules:
        rows = pa.array(np.arange(len(table)), mask=rule.violated(table))
        place, name = table.schema.names.index(rule.columns[-1]), rule.columns[-1]
        column = table.arrow.column(name).take(rows)
        table = Table(table.arrow.set_column(place, name, column), table.schema)
    return table
