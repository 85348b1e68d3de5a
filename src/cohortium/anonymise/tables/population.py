"""The population that a table is part of, counted beside it: who else could be meant by what a release shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cohortium.anonymise.tables.coded import places
from cohortium.anonymise.tables.hierarchy import MISSING, Hierarchy
from cohortium.anonymise.tables.tuples import Tuples, distinct
from cohortium.errors import InvalidRequest
from cohortium.records import Role, Schema, Table
from cohortium.sources import Options, conform, read_raw

if TYPE_CHECKING:
    from numpy.typing import NDArray


def read_population(path: Path, schema: Schema, columns: Sequence[str]) -> Table:
    """The register of a population: one row per person, with the quasi-identifying columns of a table.

    schema : of the table; what its columns mean is what the register's mean.
    Raises : InvalidRequest where the register lacks one of them; SourceUnreadable.
    """
    raw = read_raw(str(path), Options())
    absent = [name for name in columns if name not in raw.column_names]
    if absent:
        raise InvalidRequest(f"The population {path.name} lacks the columns {absent}, by which the two are compared.")
    meant = Schema(
        tuple(replace(schema[name], roles=schema[name].roles - {Role.PERSON_KEY}) for name in columns), title=path.name
    )
    return conform(raw.select(list(columns)), meant)


def beside_population(tuples: Tuples, hierarchies: Sequence[Hierarchy], population: Table) -> Tuples:
    """The combinations of a table with how many persons of the population show each.

    Combinations that only the population has come after the table's, with no rows. Where several of the table's
    differ in nothing but what is sensitive, the first has their persons.
    Raises : InvalidRequest where a person has several rows, the population holds values that a hierarchy misses, or it
             has fewer persons of a combination than the table.
    """
    if tuples.persons is not None:
        raise InvalidRequest(
            "A population can be compared with tables of one row per person; here a person has several."
        )
    shared = distinct([places(population, one) for one in _with_missing(hierarchies, population)])
    number = len(tuples)
    every = np.concatenate([tuples.codes, shared.codes])
    _, first, of_tuple = np.unique(every, axis=0, return_index=True, return_inverse=True)
    of_tuple = of_tuple.reshape(-1)
    persons = np.bincount(of_tuple[number:], weights=shared.counts, minlength=len(first)).astype(np.int64)
    rows = np.bincount(of_tuple[:number], weights=tuples.counts, minlength=len(first))
    if few := int((persons < rows).sum()):
        raise InvalidRequest(
            f"The population has fewer persons than the table in {few:,} combinations of values; it must hold "
            "everybody who is in the table."
        )
    others = np.sort(first[first >= number])
    known: NDArray[np.int64] = np.zeros(number + len(others), dtype=np.int64)
    of_first = np.concatenate([first[first < number], number + np.arange(len(others))])
    which = np.concatenate([of_tuple[first[first < number]], of_tuple[others]])
    known[of_first] = persons[which]
    return Tuples(
        codes=np.concatenate([tuples.codes, every[others]]),
        counts=np.concatenate([tuples.counts, np.zeros(len(others), dtype=np.int64)]),
        of_row=tuples.of_row,
        sensitive={name: np.concatenate([codes, np.zeros(len(others), dtype=codes.dtype)])
                   for name, codes in tuples.sensitive.items()},
        population=known,
    )  # fmt: skip


def _with_missing(hierarchies: Sequence[Hierarchy], population: Table) -> list[Hierarchy]:
    lacking = [one.column for one in hierarchies if population.missing(one.column).any() and MISSING not in one.values]
    if lacking:
        raise InvalidRequest(
            f"The population lacks values in {lacking}, the table does not: complete it, or give hierarchies with the "
            f"value '{MISSING}'."
        )
    return list(hierarchies)
