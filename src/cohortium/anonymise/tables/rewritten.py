"""A table as it may leave: told at the levels that were chosen, in an order of no meaning."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from cohortium.anonymise.pseudonyms import KeyRing
from cohortium.anonymise.tables.recipe import Recipe
from cohortium.anonymise.tables.recoding import Recoding
from cohortium.anonymise.tables.search import Question
from cohortium.anonymise.tables.transform import pseudonymise, shift_dates
from cohortium.records import Column, Kind, Schema, Table

if TYPE_CHECKING:
    from numpy.typing import NDArray


def rewritten(table: Table, recipe: Recipe, question: Question, recoding: Recoding, keys: KeyRing | None) -> Table:
    """The rows that leave, with the columns that the recipe names.

    The order of rows is drawn from the system's secure source: the order of a register tells who came when.
    """
    kept = np.flatnonzero(~recoding.left_out[question.tuples.of_row])
    kept = kept[np.random.default_rng(secrets.randbits(256)).permutation(len(kept))]
    dates = [use.name for use in recipe.with_use("shift_dates")]
    if dates and keys is not None:
        table = shift_dates(table, dates, keys)
    for use in recipe.with_use("pseudonym", "reversible_pseudonym"):
        if keys is not None:
            table = pseudonymise(table, use.name, keys, reversible=use.use == "reversible_pseudonym")
    told = {one.column: codes_and_texts for one, codes_and_texts in zip(
        question.hierarchies, recoding.told(question.tuples, question.hierarchies), strict=True
    )}  # fmt: skip
    exact = {one.column for place, one in enumerate(question.hierarchies) if not recoding.levels[:, place].any()}
    columns, arrays = [], []
    for use in recipe.columns:
        if use.use == "drop":
            continue
        column, array = table.schema[use.name], table.arrow.column(use.name)
        if use.name in told and use.name not in exact:
            codes, texts = told[use.name]
            column, array = _generalised(column, codes[question.tuples.of_row], texts)
        columns.append(column)
        arrays.append(array.take(pa.array(kept)))
    return Table(pa.table(arrays, names=[one.name for one in columns]), _schema(table.schema, columns))


def _generalised(column: Column, codes: NDArray[np.int32], texts: Sequence[str]) -> tuple[Column, pa.Array]:
    used = np.unique(codes)
    places = np.searchsorted(used, codes).astype(np.int32)
    levels = tuple(texts[one] for one in used)
    array = pa.DictionaryArray.from_arrays(pa.array(places), pa.array(levels, pa.string()))
    return Column(column.name, Kind.CATEGORICAL, roles=column.roles, levels=levels), array


def _schema(schema: Schema, columns: Sequence[Column]) -> Schema:
    """The columns that leave, with those rules that speak only of columns that leave unchanged."""
    same = {one.name for one in columns if one == schema[one.name]}
    rules = tuple(rule for rule in schema.constraints if set(rule.columns) <= same)
    return replace(schema, columns=tuple(columns), constraints=rules)
