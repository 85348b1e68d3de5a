"""Columns that single persons out: near-identifiers, rare levels, and numbers that mark a handful of persons."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cohortium.errors import DisclosureRefused
from cohortium.privacy.column_facts import ColumnFacts, persons_per_level
from cohortium.privacy.disclosure import DisclosureRules, Mode
from cohortium.records import Kind, Table


def check_columns(records: Table, names: Iterable[str], rules: DisclosureRules, mode: Mode = "plain") -> None:
    """Hold the columns that an algorithm reads against the rules, on the records that it would read.

    A covariate that is 1 for a single person and 0 for all others turns a sum of products into that person's value.
    Such a covariate need not be nominal, so numbers that nearly all persons share are judged alike. Only in mode
    "plain": elsewhere the persons of all sites stand behind a level, and the gate counts those.
    Raises : DisclosureRefused.
    """
    check_facts(ColumnFacts.of(records, names, rules, mode), rules, mode)


def check_facts(facts: ColumnFacts, rules: DisclosureRules, mode: Mode = "plain") -> None:
    """Hold what is known about columns against the rules, as ``check_columns`` does; raises DisclosureRefused."""
    if not facts.rows:
        return
    for name in facts.names:
        if name in facts.levels:
            _check_levels(facts, name, rules, mode)
        elif name in facts.shares and facts.shares[name].marks_few:
            raise DisclosureRefused(
                f"Isolation: all but fewer than {rules.cell} persons have the same value in '{name}', so sums over it "
                "are sums over those few. Leave the column out, or run the study in mode 'secure'."
            )


def without_rare_levels(records: Table, names: Iterable[str], rules: DisclosureRules) -> Table:
    """The records with levels of fewer than ``rules.cell`` persons missing.

    Sums of such records are no longer those of the pooled table; a policy has to ask for it (``rare_levels``).
    """
    arrays = {name: records.arrow.column(name) for name in records.schema.names}
    for name in names:
        if name not in records.schema or not records.schema[name].kind.is_nominal:
            continue
        counts, codes = persons_per_level(records, name), records.codes(name)[0]
        rare = np.append(counts < rules.cell, False)[codes]  # the last stands for code -1, missing
        if rare.any():
            column = arrays[name].combine_chunks()
            values = column.cast(pa.string()) if records.schema[name].kind is not Kind.BOOLEAN else column
            arrays[name] = pc.if_else(pa.array(rare), pa.scalar(None, values.type), values)
    return Table(pa.table(arrays), records.schema)


def _check_levels(facts: ColumnFacts, name: str, rules: DisclosureRules, mode: Mode) -> None:
    counts = facts.levels[name]
    if len(counts) > max(rules.distinct_share * facts.persons, 2):
        raise DisclosureRefused(
            f"Near-identifier: '{name}' has more than {rules.distinct_share:g} levels per person. Group its levels, or "
            "leave it out."
        )
    if mode == "plain" and rules.rare_levels == "refuse" and min(counts.values(), default=rules.cell) < rules.cell:
        raise DisclosureRefused(
            f"Isolation: some levels of '{name}' are those of fewer than {rules.cell} persons here. Merge levels, run "
            "the study in mode 'secure', or ask the steward for rare_levels = \"blank\"."
        )
