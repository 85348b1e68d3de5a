"""What is measured about a view before a copy of it leaves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from cohortium.anonymise.tables.coded import distinct_texts
from cohortium.anonymise.tables.tuples import distinct
from cohortium.anonymise.views.view import View
from cohortium.records import Column, Evidence, Finding, Kind, Question, Role, Score, Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHORTEST = 4
"""Identifiers of fewer letters are not looked for in texts, where they would be found by chance."""


def evidence_on(made: View, table: Table, *, role: str, purpose: str, source: str) -> Evidence:
    """Findings about identifiers that are still there, and about the smallest group that looks alike.

    table : the one behind the view.
    """
    rows = len(table)
    exact = [name for name, how in made.precisions.items() if how.way == "exact"]
    identifiers = [column.name for column in table.schema.columns if _names_a_person(column)]
    left = sum(name in exact for name in identifiers)
    concealed = [name for name in identifiers if name not in exact]
    texts = [name for name in exact if table.schema[name].kind is Kind.TEXT]
    found = int(_in_texts(table, concealed, texts).sum())
    findings = (
        _privacy("view_identifiers_exact", "Columns that name a person directly, shown exactly", float(left), rows),
        _privacy("view_identifiers_in_text", "Rows whose texts hold an identifier that is hidden", float(found), rows),
        _smallest_group(made),
    )
    facts = {"title": f"View for {role}", "source": source, "role": role, "purpose": purpose, "rows_real": rows,
             "rows_released": len(made.table), "persons_real": len(np.unique(table.persons())),
             "shown": {name: str(how) for name, how in made.precisions.items()}}  # fmt: skip
    return Evidence(facts, findings)


def _names_a_person(column: Column) -> bool:
    return column.has_role(Role.PERSON_KEY) or column.has_role(Role.DIRECT_IDENTIFIER)


def _in_texts(table: Table, identifiers: Sequence[str], texts: Sequence[str]) -> NDArray[np.bool_]:
    """(n,) whether a row's texts hold the row's own identifiers, in small or capital letters."""
    found = np.zeros(len(table), dtype=np.bool_)
    for name in texts:
        cells = [cell.casefold() for cell in table.arrow.column(name).fill_null("").to_pylist()]
        for identifier in identifiers:
            values = [value.casefold() for value in _texts(table, identifier)]
            pairs = zip(values, cells, strict=True)
            found |= np.fromiter(
                (len(value) >= SHORTEST and value in cell for value, cell in pairs), np.bool_, len(cells)
            )
    return found


def _texts(table: Table, name: str) -> list[str]:
    codes, texts = distinct_texts(table, name)
    found: list[str] = pa.array(texts, pa.string()).take(pa.array(codes)).to_pylist()
    return found


def _smallest_group(made: View) -> Finding:
    """Persons or rows in the smallest group that the quasi-identifying columns of the view tell from all others."""
    title = "Rows in the smallest group that looks alike"
    names = [column.name for column in made.table.schema.with_role(Role.QUASI_IDENTIFIER)]
    if not names or not len(made.table):
        reason = "No column that is shown has the role quasi_identifier in the schema."
        return Finding("view_smallest_group", Question.PRIVACY, title, None, "higher", reason=reason)
    groups = distinct([distinct_texts(made.table, name)[0] for name in names])
    return Finding("view_smallest_group", Question.PRIVACY, title,
                   Score(float(groups.counts.min()), n=len(made.table)), "higher")  # fmt: skip


def _privacy(name: str, title: str, value: float, n: int) -> Finding:
    return Finding(name, Question.PRIVACY, title, Score(value, n=n), "lower")
