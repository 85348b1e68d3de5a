"""From values of the modelled columns to rows of a table that keep every rule and satisfy a condition."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Self

import numpy as np
import pyarrow as pa

from cohortium.errors import NotApplicable
from cohortium.records import Condition, Schema, Table, concat
from cohortium.synthesise.protocol import Parts, Progress
from cohortium.synthesise.tables.derived import Derivation, derivations, rules_to_check
from cohortium.synthesise.tables.marginal_codec import Marginal
from cohortium.synthesise.tables.marginal_learning import Persons, learn_marginal
from cohortium.synthesise.tables.stored import derivation_from_plain, derivation_to_plain

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Propose = Callable[[int], NDArray[np.float64]]
    """So many proposed rows as numbers and level codes (rows or fewer, columns), NaN where missing."""

RAREST = 1e-4
"""Below this share of accepted proposals a condition counts as one that the model does not meet."""
FEWEST_TRIED = 50_000
BATCHES = (1_024, 262_144)


@dataclass(frozen=True)
class RowMaker:
    """The columns of a table: marginals of those that are modelled, derivations of those that follow from them."""

    schema: Schema
    marginals: tuple[Marginal, ...]
    derived: tuple[Derivation, ...]

    @classmethod
    def learn(cls, real: Table, persons: Persons, least: int, progress: Progress) -> tuple[Self, tuple[str, ...]]:
        """The columns of ``real``, and in whole sentences what was left out of them.

        Raises : NotApplicable where no column can be modelled.
        """
        derived = derivations(real, smallest=least)
        schema = real.schema.select(column.name for column in real.schema.modelled)
        computed = {rule.dependent for rule in derived}
        columns = [column for column in schema.columns if column.name not in computed]
        if not columns:
            raise NotApplicable("No column can be modelled: all are identifiers or free text.")
        marginals: list[Marginal] = []
        notes: list[str] = []
        if persons.count < len(real):
            notes.append(
                f"{len(real):,} rows of {persons.count:,} persons are learnt row by row, each person counting once; "
                "they come back as rows of separate persons."
            )
        for place, column in enumerate(columns):
            progress(f"learning {column.name}", 0.3 * place / len(columns))
            marginal, said = learn_marginal(real, column, persons, least)
            marginals.append(marginal)
            notes += said
        return cls(schema, tuple(marginals), derived), tuple(notes)

    def rows(self, n: int, propose: Propose, where: Condition | None) -> Table:
        """``n`` rows from proposals, all keeping the rules of the schema and satisfying ``where``.

        Raises : NotApplicable where fewer than one proposal in 10,000 does.
        """
        rules = rules_to_check(self.schema, self.derived)
        if where is None and not rules:
            return self.table(propose(n))
        kept: list[Table] = []
        have, tried = 0, 0
        while have < n or not kept:
            batch = int(np.clip(1.2 * (n - have) * (tried + 1) / (have + 1), *BATCHES))
            table = self.table(propose(batch))
            good = np.ones(len(table), dtype=np.bool_)
            if where is not None:
                good &= where.holds(table.with_schema(self._known_levels))
            for rule in rules:
                good &= ~rule.violated(table)
            kept.append(table.take(good))
            have, tried = have + int(good.sum()), tried + batch
            if tried >= FEWEST_TRIED and have < RAREST * tried:
                raise NotApplicable(
                    f"The model makes {have} rows in {tried:,} that satisfy the condition and the rules of the "
                    "schema; that is too few to draw from. Widen the condition, or check that the real data hold such "
                    "rows."
                )
        return concat(kept).take(np.arange(n))

    def table(self, values: NDArray[np.float64]) -> Table:
        """Values of the modelled columns (n, columns) as a table, with the columns that follow from them."""
        made: dict[str, pa.Array] = {
            marginal.column.name: marginal.arrow(values[:, place]) for place, marginal in enumerate(self.marginals)
        }
        for rule in self.derived:
            made[rule.dependent] = rule.column(made, self.schema)
        return Table(pa.table({name: made[name] for name in self.schema.names}), self.schema)

    @cached_property
    def _known_levels(self) -> Schema:
        """The schema with the levels that the model can make: a batch may lack one by chance."""
        schema = self.schema
        for marginal in self.marginals:
            if marginal.column.kind.is_nominal and marginal.column.levels is None:
                schema = schema.replace_column(replace(marginal.column, levels=tuple(sorted(marginal.levels or ()))))
        return schema

    def parts(self) -> Parts:
        """The columns as plain data."""
        arrays = {f"marginal.{place:05d}": marginal.array for place, marginal in enumerate(self.marginals)}
        columns = [{"name": marginal.column.name, **marginal.facts} for marginal in self.marginals]
        return Parts({"columns": columns, "derived": [derivation_to_plain(rule) for rule in self.derived]}, arrays)

    @classmethod
    def from_parts(cls, schema: Schema, parts: Parts) -> Self:
        """The columns that ``parts`` holds."""
        marginals = tuple(
            Marginal.from_parts(schema[facts["name"]], facts, parts.arrays[f"marginal.{place:05d}"])
            for place, facts in enumerate(parts.facts["columns"])
        )
        return cls(schema, marginals, tuple(derivation_from_plain(plain, schema) for plain in parts.facts["derived"]))
