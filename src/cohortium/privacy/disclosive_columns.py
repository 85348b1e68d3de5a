"""Columns that single persons out: near-identifiers, rare levels, and numbers that mark a handful of persons."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cohortium.errors import DisclosureRefused
from cohortium.privacy.disclosure import DisclosureRules, Mode
from cohortium.records import Kind, Table

if TYPE_CHECKING:
    from numpy.typing import NDArray


def check_columns(records: Table, names: Iterable[str], rules: DisclosureRules, mode: Mode = "plain") -> None:
    """Hold the columns that an algorithm reads against the rules, on the records that it would read.

    A covariate that is 1 for a single person and 0 for all others turns a sum of products into that person's value.
    Such a covariate need not be nominal, so numbers that nearly all persons share are judged alike. Only in mode
    "plain": elsewhere the persons of all sites stand behind a level, and the gate counts those.
    Raises : DisclosureRefused.
    """
    for name in names:
        if name not in records.schema or not len(records):
            continue
        if records.schema[name].kind.is_nominal:
            _check_levels(records, name, rules, mode)
        elif mode == "plain" and records.schema[name].kind.is_numeric and _marks_few(records, name, rules.cell):
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


def persons_per_level(records: Table, name: str) -> NDArray[np.int64]:
    """How many persons have each level of a nominal column (levels,)."""
    codes, levels = records.codes(name)
    known = codes >= 0
    pairs = np.unique(np.stack([records.persons()[known], codes[known]]), axis=1)
    return np.bincount(pairs[1], minlength=len(levels)).astype(np.int64)


def _check_levels(records: Table, name: str, rules: DisclosureRules, mode: Mode) -> None:
    counts = persons_per_level(records, name)
    persons = len(np.unique(records.persons()))
    if int((counts > 0).sum()) > max(rules.distinct_share * persons, 2):
        raise DisclosureRefused(
            f"Near-identifier: '{name}' has more than {rules.distinct_share:g} levels per person. Group its levels, or "
            "leave it out."
        )
    if mode == "plain" and rules.rare_levels == "refuse" and ((counts > 0) & (counts < rules.cell)).any():
        raise DisclosureRefused(
            f"Isolation: some levels of '{name}' are those of fewer than {rules.cell} persons here. Merge levels, run "
            "the study in mode 'secure', or ask the steward for rare_levels = \"blank\"."
        )


def _marks_few(records: Table, name: str, smallest: int) -> bool:
    """Whether all persons but 1 to ``smallest`` - 1 have one and the same value."""
    known = ~records.missing(name)
    values: NDArray[Any] = records.numeric(name)[known]
    if not len(values):
        return False
    found, counts = np.unique(values, return_counts=True)
    apart = records.persons()[known][values != found[np.argmax(counts)]]
    return 0 < len(np.unique(apart)) < smallest
