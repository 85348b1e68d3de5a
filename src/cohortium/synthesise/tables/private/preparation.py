"""What a private fit reads of a table before its first private question: one row of each patient, a public schema."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from cohortium.errors import InvalidRequest, NotApplicable, TooFewRecords
from cohortium.records import AllowedCombinations, Column, Kind, Role, Schema, Table

_LARGEST_DELTA = 3


def default_delta(patients: int) -> float:
    """The power of ten at or below 1 / patients ** 1.1, at most 0.001: it tells only their order of magnitude."""
    return float(f"1e-{max(_LARGEST_DELTA, math.ceil(1.1 * math.log10(max(patients, 1))))}")


def prepared(real: Table, schema_is_public: bool, rng: np.random.Generator) -> Table:
    """The modelled columns of one row of every patient, each of a patient's rows as likely as the others.

    Raises : TooFewRecords without rows, NotApplicable without a column to model.
    """
    schema = real.schema.select(column.name for column in real.schema.modelled)
    if not schema.columns:
        raise NotApplicable("No column can be modelled: all are identifiers or free text.")
    if not len(real):
        raise TooFewRecords("A private table needs at least 1 patient; the table has 0 rows.")
    table = real
    if real.schema.only(Role.PERSON_KEY) is not None:
        order = rng.permutation(len(real))
        _, first = np.unique(real.persons()[order], return_index=True)
        table = real.take(np.sort(order[first]))
    return table.select(schema.names).with_schema(schema if schema_is_public else _without_learnt_facts(schema))


def targets_of(columns: Sequence[Column], target: str | None) -> tuple[int, ...]:
    """Places of the columns that matter most: the caller's target, or the first outcome, the event and the time.

    Raises : InvalidRequest where ``target`` is none of the columns.
    """
    if target is not None:
        places = [place for place, column in enumerate(columns) if column.name == target]
        if not places:
            raise InvalidRequest(f"The target '{target}' is no modelled column. Name one of the table's columns.")
        return tuple(places)
    wanted = (Role.OUTCOME, Role.EVENT, Role.TIME)
    firsts = [next((place for place, column in enumerate(columns) if column.has_role(role)), None) for role in wanted]
    return tuple(dict.fromkeys(place for place in firsts if place is not None))


def _without_learnt_facts(schema: Schema) -> Schema:
    """The schema without the values that inference reads off the rows: ranges, levels, combinations of levels.

    Stay: the order of ordinal levels, which is a code book's, and rules between columns, which a person has to confirm.
    """

    def stripped(column: Column) -> Column:
        levels = column.levels if column.kind is Kind.ORDINAL else None
        return replace(column, minimum=None, maximum=None, levels=levels, reasons=())

    rules = tuple(rule for rule in schema.constraints if not isinstance(rule, AllowedCombinations))
    return Schema(tuple(stripped(column) for column in schema.columns), rules, schema.title)
