"""Identifiers replaced by keyed pseudonyms: the same person has the same one in every table, note and image."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa

from cohortium.anonymise.pseudonyms import KeyRing
from cohortium.anonymise.pseudonyms.reversible import ReversiblePseudonyms
from cohortium.anonymise.tables.coded import distinct_texts
from cohortium.anonymise.tables.hierarchy import MISSING
from cohortium.anonymise.tables.transform.columns import check_names, with_arrays
from cohortium.records import Column, Kind, Role, Table

PATIENT = "patient"
"""The kind of pseudonyms that persons have, wherever they occur."""


def pseudonymise(
    table: Table, column: str, keys: KeyRing, *, kind: str | None = None, reversible: bool = False
) -> Table:
    """The column with pseudonyms in the place of its values; missing values stay missing.

    kind : "patient" for the person key and the column's name for others where None; values of one kind have the same
           pseudonym wherever they stand.
    reversible : pseudonyms of 52 letters or more that the holder of the keys can turn back, in the place of those of 16
                 that nobody can.
    Raises     : MissingExtra for reversible ones without the package ``cryptography``.
    """
    check_names(table, [column])
    meaning = table.schema[column]
    named = kind or (PATIENT if meaning.has_role(Role.PERSON_KEY) else column)
    codes, texts = distinct_texts(table, column)
    absent = table.missing(column)
    make = ReversiblePseudonyms(keys).pseudonym if reversible else keys.pseudonym
    made = [None if text == MISSING and absent.any() else make(named, text) for text in texts]
    array = pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(made, pa.string())).cast(pa.string())
    return with_arrays(table, {column: array}, {column: _without_values(meaning)})


def _without_values(column: Column) -> Column:
    """An identifier's meaning: what a schema says about values (levels, range, codes) speaks of those that are gone."""
    plain = Column(column.name, Kind.IDENTIFIER)
    return replace(plain, roles=column.roles)
