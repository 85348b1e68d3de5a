"""A table of real rows under differential privacy: a random part of the rows, told less exactly, no small classes.

The proof and its sources are in ``models/safe_release.py`` and ``models/safepub.py``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from cohortium.anonymise.tables.coded import persons_of, places
from cohortium.anonymise.tables.hierarchy import MISSING, Hierarchy
from cohortium.anonymise.tables.lattice import Lattice
from cohortium.anonymise.tables.models.safe_release import SafeRelease
from cohortium.anonymise.tables.models.safepub import release_safely, search_and_release_safely
from cohortium.anonymise.tables.tuples import distinct
from cohortium.errors import InvalidRequest, NotApplicable
from cohortium.privacy.secure_noise import Noise, SecureNoise
from cohortium.records import Column, Evidence, Finding, Kind, Question, Schema, Score, Table

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class PrivateSample:
    """Rows that may leave, and what was promised of them.

    table  : in an order of no meaning; how many rows it was drawn from must stay in.
    levels : by column, the level at which it is told.
    model  : epsilon and delta of everything.
    chosen : whether the levels were chosen from the table, with a part of epsilon.
    """

    table: Table
    levels: dict[str, int]
    model: SafeRelease
    chosen: bool


def private_sample(
    table: Table,
    hierarchies: Sequence[Hierarchy],
    model: SafeRelease,
    levels: Mapping[str, int] | None = None,
    *,
    noise: Noise | None = None,
) -> PrivateSample:
    """A private sample of the columns that have a hierarchy; no other column leaves.

    hierarchies : made without looking at this table.
    levels      : level by column, decided without looking at this table; those that are not named are chosen with a
                  tenth of epsilon.
    noise       : the system's secure source where None.
    Raises      : InvalidRequest for levels or columns that do not exist, hierarchies that miss values, tables with
                  several rows per person, more schemes than a private search covers; NotApplicable where no class was
                  large enough.
    Reveals     : (epsilon, delta)-differential privacy of everything but the error messages; neighbours differ by one
                  person.
    """
    given = dict(levels or {})
    names = [one.column for one in hierarchies]
    wrong = sorted(set(given) - set(names))
    if wrong:
        raise InvalidRequest(f"Levels are given for {wrong}, which have no hierarchy; these have: {names}.")
    trees = [one.with_value(MISSING) for one in hierarchies]
    for one in trees:
        if not 0 <= given.get(one.column, 0) < one.levels:
            raise InvalidRequest(f"The hierarchy of '{one.column}' has the levels 0 to {one.levels - 1}.")
    tuples = distinct([places(table, one) for one in trees], persons=persons_of(table))
    source = noise or SecureNoise()
    if len(given) == len(trees):
        found = release_safely(tuples, trees, [given[name] for name in names], model, source)
    else:
        allowed = Lattice(
            tuple(given.get(one.column, 0) for one in trees),
            tuple(given.get(one.column, one.levels - 1) for one in trees),
        )
        found = search_and_release_safely(tuples, trees, model, source, allowed=allowed)
    kept = np.flatnonzero(found.leaves)
    if not len(kept):
        raise NotApplicable(
            f"No combination of values was shown by {model.k} rows or more. Tell columns less exactly, let fewer "
            "leave, or spend more epsilon."
        )
    return PrivateSample(
        _told(table, trees, found.node, tuples.codes[tuples.of_row[kept]]),
        dict(zip(names, found.node, strict=True)), model, len(given) < len(trees),
    )  # fmt: skip


def _told(table: Table, trees: Sequence[Hierarchy], node: Sequence[int], codes: NDArray[np.int32]) -> Table:
    """The rows, in the order of what they show: where a row stood says nothing any more."""
    columns, arrays, order = [], [], []
    for place, (one, level) in enumerate(zip(trees, node, strict=True)):
        groups = one.groups[level][codes[:, place]].astype(np.int32)
        labels = one.labels[level]
        arrays.append(pa.DictionaryArray.from_arrays(pa.array(groups), pa.array(labels, pa.string())))
        columns.append(Column(one.column, Kind.CATEGORICAL, table.schema[one.column].roles, levels=labels))
        order.append(groups)
    told = pa.array(np.lexsort(order))
    return Table(
        pa.table([array.take(told) for array in arrays], names=[one.name for one in columns]),
        Schema(tuple(columns), title=table.schema.title),
    )


def evidence_of_sample(made: PrivateSample, hierarchies: Sequence[Hierarchy], *, title: str) -> Evidence:
    """What may be said about a private sample: what was promised, and what follows from the rows that leave."""
    rows, least = len(made.table), _smallest(made)
    lost = [
        float(one.with_value(MISSING).shares()[made.levels[one.column]][_codes(made, one)].mean())
        for one in hierarchies
    ]
    findings = (
        Finding("epsilon", Question.PRIVACY, "Epsilon of the release", Score(made.model.epsilon, n=rows), "lower"),
        Finding("delta", Question.PRIVACY, "Delta of the release", Score(made.model.delta, n=rows), "lower"),
        Finding("smallest_class", Question.PRIVACY, "Rows of the smallest class", Score(least, n=rows), "higher"),
        Finding("rows_released", Question.UTILITY, "Rows that leave", Score(rows, n=rows), "higher"),
        Finding(
            "information_loss", Question.UTILITY, "Loss of exactness of the rows that leave, from 0 (none) to 1 (all)",
            Score(sum(lost) / len(lost), n=rows), "lower",
        ),
    )  # fmt: skip
    facts = {"title": title, "source": "a table", "rows_released": rows, "quasi_identifiers": list(made.levels),
             "models": [str(made.model)], "levels": made.levels}  # fmt: skip
    return Evidence(facts, findings)


def _codes(made: PrivateSample, one: Hierarchy) -> list[int]:
    """Per row that leaves, a value that is told as it is."""
    tree, level = one.with_value(MISSING), made.levels[one.column]
    first = {tree.labels[level][tree.groups[level, value]]: value for value in range(len(tree.values))}
    return [first[text] for text in made.table.arrow.column(one.column).to_pylist()]


def _smallest(made: PrivateSample) -> int:
    counts = made.table.arrow.group_by(made.table.arrow.column_names).aggregate([([], "count_all")])
    return int(min(counts.column("count_all").to_pylist()))
