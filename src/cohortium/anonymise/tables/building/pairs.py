"""A tree that somebody wrote down as pairs of child and parent, turned into levels of equal depth."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from cohortium.anonymise.tables.hierarchy import HIDDEN, MISSING, Hierarchy
from cohortium.errors import InvalidRequest, SourceUnreadable


def tree(column: str, values: Sequence[str], parents: Mapping[str, str]) -> Hierarchy:
    """Every value with its ancestors, the most general at the same level for all, then a star.

    Ways to the top may differ in length: a value on a shorter way stays itself for some levels more.
    parents : node -> the next more general one; what has no parent is at the top.
    Raises  : InvalidRequest where nodes are their own ancestors, telling how many. A value without a parent is none.
    """
    distinct = tuple(dict.fromkeys(values))
    if not distinct:
        raise InvalidRequest(
            f"The column '{column}' holds no values, so no hierarchy can be made of them. Leave it out."
        )
    in_circle = sum(_ends_in_circle(node, parents) for node in parents)
    if in_circle:
        raise InvalidRequest(
            f"The tree of '{column}' goes in a circle: from {in_circle} of its {len(parents)} nodes no way leads to "
            "the top. Give every node one parent that is more general."
        )
    depth = _depths(parents, distinct)
    deepest = max(depth.values(), default=0)
    rows = [_row(value, parents, depth, deepest) for value in distinct]
    return Hierarchy.from_rows(column, rows)


def read_pairs(path: Path) -> dict[str, str]:
    """child -> parent, from lines ``child;parent`` in UTF-8.

    Raises : SourceUnreadable; InvalidRequest telling the number of the line that has not two parts, or a second parent.
    """
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SourceUnreadable(f"The tree {path} cannot be read as UTF-8 text: {type(error).__name__}.") from error
    parents: dict[str, str] = {}
    for number, row in enumerate(csv.reader(io.StringIO(text), delimiter=";"), 1):
        if not row:
            continue
        if len(row) != 2 or not all(row):
            raise InvalidRequest(f"{path}, line {number}: child;parent was expected, two names apart by one semicolon.")
        if parents.setdefault(row[0], row[1]) != row[1]:
            raise InvalidRequest(f"{path}, line {number}: this child has another parent further up. Keep one of them.")
    return parents


def _ends_in_circle(node: str, parents: Mapping[str, str]) -> bool:
    seen = {node}
    while node in parents:
        node = parents[node]
        if node in seen:
            return True
        seen.add(node)
    return False


def _depths(parents: Mapping[str, str], values: Sequence[str]) -> dict[str, int]:
    """node -> how many nodes lie above it, for the values and all that lie above them."""
    depth: dict[str, int] = {}
    for value in values:
        way = _way(value, parents)
        for above, node in enumerate(reversed(way)):
            depth[node] = above
    return depth


def _way(value: str, parents: Mapping[str, str]) -> list[str]:
    way = [value]
    while way[-1] in parents:
        way.append(parents[way[-1]])
    return way


def _row(value: str, parents: Mapping[str, str], depth: Mapping[str, int], deepest: int) -> list[str]:
    """The value at level 0, then for each level its ancestor of at most that depth."""
    if value == MISSING:
        return [value] * (deepest + 1) + [HIDDEN]
    way = _way(value, parents)
    at = [next(node for node in way if depth[node] <= most) for most in range(deepest, -1, -1)]
    return [value, *at[1:], HIDDEN] if at else [value, HIDDEN]
