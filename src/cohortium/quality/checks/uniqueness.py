"""Does each row, person and column say something of its own?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cohortium.errors import NotApplicable, TooFewRecords
from cohortium.quality.columns import is_constant_in_person, is_key
from cohortium.quality.counting import distinct
from cohortium.quality.findings import Dimension, Outcome
from cohortium.quality.inspection import Inspection
from cohortium.records import Column, Kind, Role
from cohortium.registry import check

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOSTLY = 0.95
"""Share of values that are unique, from which on a column is believed to be meant as unique."""
_LEAST_DETAIL = 0.3
"""Distinct rows per row that a table must have for equal rows to be a surprise."""


@check(
    "constant_column",
    asks=Dimension.UNIQUENESS,
    severity="warn",
    title="The column varies",
    applies=lambda column: not column.has_role(Role.PERSON_KEY),
    advice="Leave the column out: it tells no two records apart. Check that the export did not filter on it.",
)
def constant_column(inspection: Inspection, column: Column) -> Outcome:
    """Every value is the same."""
    known = len(inspection) - inspection.values(column).missing_count
    if known < 2:
        raise TooFewRecords("Two values or more are needed to see whether they vary.")
    return Outcome(0 if _varies(inspection, column) else known, known)


def _varies(inspection: Inspection, column: Column) -> bool:
    values = inspection.values(column)
    if column.kind.is_nominal:
        return int(np.count_nonzero(values.level_rows)) > 1
    if column.kind.is_numeric:
        return values.varies
    codes = inspection.table.factorised(column.name)
    return bool(codes.max(initial=-1) > 0)


@check(
    "repeated_columns",
    asks=Dimension.UNIQUENESS,
    severity="warn",
    title="No column repeats another",
    over="table",
    advice="Keep one of them; the others only make models and reports harder to read.",
)
def repeated_columns(inspection: Inspection, _: None) -> Outcome:
    """Columns of one kind that hold the same value as an earlier column in every row."""
    seen: dict[tuple[Kind, int], str] = {}
    repeats = []
    for column in inspection.schema.columns:
        first = seen.setdefault((column.kind, inspection.fingerprints.columns[column.name]), column.name)
        if first != column.name and _varies(inspection, column):
            repeats.append(f"'{column.name}' repeats '{first}'")
    more = f" and {len(repeats) - 5} more" if len(repeats) > 5 else ""
    return Outcome(len(repeats), len(inspection.schema.columns), "; ".join(repeats[:5]) + more, "columns")


@check(
    "repeated_rows",
    asks=Dimension.UNIQUENESS,
    severity="fail",
    title="No row stands twice",
    over="table",
    fails_above=0.01,
    advice="Remove the copies: they count persons twice and make every result look surer than it is.",
)
def repeated_rows(inspection: Inspection, _: None) -> Outcome:
    """Rows that are equal to an earlier row in every column, keys included."""
    return _repeats(inspection.fingerprints.rows)


@check(
    "repeated_but_for_key",
    asks=Dimension.UNIQUENESS,
    severity="warn",
    title="No record stands under two keys",
    over="table",
    tolerates=0.001,
    advice="Look whether one person has two keys; if so, merge them.",
)
def repeated_but_for_key(inspection: Inspection, _: None) -> Outcome:
    """Rows that are equal to an earlier row in every column except its keys."""
    others = sum(not is_key(column) for column in inspection.schema.columns)
    if others == len(inspection.schema.columns):
        raise NotApplicable("No column is a key; see 'No row stands twice'.")
    if others < 5:
        raise TooFewRecords("Five columns or more besides the keys are needed for equal rows to be a surprise.")
    return _repeats(inspection.fingerprints.records)


def _repeats(marks: NDArray[np.uint64]) -> Outcome:
    if len(marks) < 2:
        raise TooFewRecords("Two rows or more are needed.")
    different = len(distinct(marks.view(np.int64)))
    if different < _LEAST_DETAIL * len(marks):
        raise NotApplicable("The table has so few distinct rows that equal ones are to be expected.")
    return Outcome(len(marks) - different, len(marks))


@check(
    "repeated_person",
    asks=Dimension.UNIQUENESS,
    severity="fail",
    title="Each person has one row",
    applies=lambda column: column.has_role(Role.PERSON_KEY),
    advice="If several rows per person are meant, note it; if not, keep the right one of each person.",
)
def repeated_person(inspection: Inspection, column: Column) -> Outcome:
    """Rows beyond a person's first, in a table where nearly every person has one row."""
    rows, persons = len(inspection), inspection.person_count
    if not rows:
        raise NotApplicable("The table has no rows.")
    single = int((np.bincount(inspection.persons) == 1).sum())
    if single < _MOSTLY * persons:
        raise NotApplicable(f"The table holds several rows of most persons: {rows:,} rows of {persons:,} persons.")
    return Outcome(rows - persons, rows)


@check(
    "repeated_identifier",
    asks=Dimension.UNIQUENESS,
    severity="warn",
    title="Identifiers are unique",
    applies=lambda column: column.kind is Kind.IDENTIFIER and not column.has_role(Role.PERSON_KEY),
    advice="An identifier that stands twice may mean two records under one number, or one record copied.",
)
def repeated_identifier(inspection: Inspection, column: Column) -> Outcome:
    """Rows beyond the first of an identifier, in a column where nearly every value is unique."""
    codes = inspection.table.factorised(column.name)
    codes = codes[codes >= 0]
    if not len(codes):
        raise NotApplicable("The column is empty.")
    rows = np.bincount(codes)
    if (rows == 1).sum() < _MOSTLY * len(rows):
        raise NotApplicable("The values recur too often to be meant as unique.")
    return Outcome(len(codes) - len(rows), len(codes))


@check(
    "varies_within_person",
    asks=Dimension.UNIQUENESS,
    severity="fail",
    title="What a person is born with stays the same",
    applies=is_constant_in_person,
    fails_above=0.01,
    advice="Two persons may share a key, or one entry is wrong; ask the source before choosing a value.",
)
def varies_within_person(inspection: Inspection, column: Column) -> Outcome:
    """Persons with two or more values of what does not change: sex, date of birth, blood group."""
    if not inspection.repeats:
        raise NotApplicable("No person has several rows.")
    codes = inspection.table.factorised(column.name)
    known = codes >= 0
    pairs = distinct(_paired(inspection.persons[known], codes[known]))
    values = np.bincount(pairs // (int(codes.max(initial=0)) + 1), minlength=inspection.person_count)
    rows = np.bincount(inspection.persons[known], minlength=inspection.person_count)
    return Outcome(int((values > 1).sum()), int((rows > 1).sum()), unit="persons")


def _paired(persons: NDArray[np.int64], codes: NDArray[np.int32]) -> NDArray[np.int64]:
    return persons * (int(codes.max(initial=0)) + 1) + codes
