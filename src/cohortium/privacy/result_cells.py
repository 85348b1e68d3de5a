"""Small cells in results: which numbers of an answer are counts of persons, and the answer with small ones blanked.

Algorithms state counts under the names in ``COUNTS``; everything else in a row of a table hangs on them, since a mean
over two persons tells as much as the count of two. Columns of text are the labels of a row and stay. Where a cell is
blanked, so are the single numbers with digits among the facts: a chi-square to ten digits tells the cell that it hides.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from cohortium.errors import InvalidRequest
from cohortium.privacy.disclosure import DisclosureRules
from cohortium.privacy.suppression import suppressed
from cohortium.records import Result

COUNTS = ("n", "persons", "count", "events", "at_risk", "left_out")
"""Names of columns that count persons; a table that calls them otherwise is described by ``Cells``."""
WITHIN = ("variable", "column", "outcome")
"""Labels that tell tables in one apart: levels of different variables have no margin in common."""

MOST_BLANK_ROWS = 50
"""A table of more rows, none of which may be shown, comes without rows: labels alone tell nobody anything."""

SETTINGS = ("level", "confidence")


@dataclass(frozen=True, slots=True)
class Cells:
    """A table of a result that counts persons.

    table  : its name.
    counts : its columns that count persons, each judged on its own.
    within : labels that tell separate tables apart; the other labels are the dimensions of each.
    """

    table: str
    counts: tuple[str, ...] = ("n",)
    within: tuple[str, ...] = ()


def cells_of(result: Result) -> tuple[Cells, ...]:
    """The tables of a result that count persons under the usual names."""
    found = []
    for name, table in result.tables.items():
        counts = tuple(column for column in COUNTS if column in table and _is_counted(table[column]))
        if counts:
            found.append(Cells(name, counts, tuple(label for label in WITHIN if label in table)))
    return tuple(found)


def without_small_cells(
    result: Result,
    rules: DisclosureRules,
    cells: Sequence[Cells] | None = None,
    arrays: Sequence[str] = (),
    settings: Collection[str] = SETTINGS,
) -> tuple[Result, dict[str, int]]:
    """The result with rows of small counts blanked, and further ones so that margins do not give them back.

    cells  : its tables of counts; found by ``cells_of`` where None.
    arrays : names of its arrays that count persons; blanked entries become NaN.
    settings : names of facts that were asked for rather than computed, and so stay.
    Returns : the result, and how many rows or entries were blanked under which name.
    """
    tables, blanked = dict(result.tables), dict[str, int]()
    for one in cells_of(result) if cells is None else cells:
        if one.table not in tables or not set(one.counts) <= set(tables[one.table]):
            raise InvalidRequest(f"The result has no table '{one.table}' with columns {list(one.counts)} to judge.")
        hidden = _hidden_rows(tables[one.table], one, rules)
        if hidden.any():
            long = hidden.all() and len(hidden) > MOST_BLANK_ROWS
            table = tables[one.table]
            tables[one.table] = {name: [] for name in table} if long else _blanked(table, hidden)
            blanked[one.table] = int(hidden.sum())
    kept = dict(result.arrays)
    for name in arrays:
        if name in kept:
            mask = suppressed(kept[name], rules.is_small(kept[name]), rules.cell)
            if mask.any():
                kept[name] = np.where(mask, np.nan, kept[name])
                blanked[name] = int(mask.sum())
    facts = result.facts
    if blanked:
        facts = {name: value if name in settings else _without_fractions(value) for name, value in facts.items()}
    return replace(result, tables=tables, facts=facts, arrays=kept), blanked


def _hidden_rows(
    table: dict[str, list[Any]], cells: Cells, rules: DisclosureRules
) -> np.ndarray[Any, np.dtype[np.bool_]]:
    rows = len(table[cells.counts[0]])
    hidden = np.zeros(rows, dtype=np.bool_)
    labels = [name for name in table if name not in cells.within and _is_label(table[name])]
    for part in _parts(table, cells.within, rows):
        for name in cells.counts:
            counts = np.array([table[name][row] or 0 for row in part], dtype=np.int64)
            shape, places = _grid([[table[label][row] for row in part] for label in labels], len(part))
            grid = np.zeros(shape, dtype=np.int64)
            np.add.at(grid, places, counts)
            hidden[part] |= suppressed(grid, rules.is_small(grid), rules.cell)[places]
    return hidden


def _parts(table: dict[str, list[Any]], within: tuple[str, ...], rows: int) -> Iterator[list[int]]:
    """Rows of each of the tables that ``within`` tells apart."""
    groups: dict[tuple[str, ...], list[int]] = {}
    for row in range(rows):
        groups.setdefault(tuple(str(table[name][row]) for name in within), []).append(row)
    yield from groups.values()


def _grid(labels: list[list[Any]], rows: int) -> tuple[tuple[int, ...], tuple[Any, ...]]:
    """Shape of the table whose cells the rows are, and the place of each row; one dimension where they do not cross."""
    codes = [np.unique([str(value) for value in label], return_inverse=True) for label in labels]
    shape = tuple(len(levels) for levels, _ in codes)
    if (
        shape
        and int(np.prod(shape)) == rows
        and len({*zip(*(places.tolist() for _, places in codes), strict=True)}) == rows
    ):
        return shape, tuple(places for _, places in codes)
    return (rows,), (np.arange(rows),)


def _blanked(table: dict[str, list[Any]], hidden: np.ndarray[Any, np.dtype[np.bool_]]) -> dict[str, list[Any]]:
    return {
        name: values
        if _is_label(values)
        else [None if gone else value for value, gone in zip(values, hidden, strict=True)]
        for name, values in table.items()
    }


def _is_label(values: list[Any]) -> bool:
    return any(isinstance(value, str) for value in values)


def _is_counted(values: list[Any]) -> bool:
    return all(value is None or (isinstance(value, int) and not isinstance(value, bool)) for value in values)


def _without_fractions(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_fractions(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_without_fractions(inner) for inner in value]
    return None if isinstance(value, float) else value
