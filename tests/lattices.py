"""Small tables and hierarchies for tests of the searches."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np

from cohortium.anonymise.tables.hierarchy import Hierarchy
from cohortium.anonymise.tables.search import Question
from cohortium.anonymise.tables.search.question import Checker
from cohortium.anonymise.tables.tuples import Tuples, distinct


def halving(column: str, values: int) -> Hierarchy:
    """Levels that put neighbours together, two by two, up to a star."""
    rows = []
    for value in range(values):
        row, width = [f"{value}"], 2
        while width < values:
            row.append(f"{value // width * width}-{value // width * width + width - 1}")
            width *= 2
        rows.append([*row, "*"])
    return Hierarchy.from_rows(column, rows)


def made(seed: int, rows: int = 200, widths: tuple[int, ...] = (8, 4, 3)) -> tuple[Tuples, tuple[Hierarchy, ...]]:
    """A table with skewed values and one sensitive column of four levels, "illness"."""
    rng = np.random.default_rng(seed)
    hierarchies = tuple(halving(f"column {place}", width) for place, width in enumerate(widths))
    columns = [np.minimum(rng.geometric(0.35, rows) - 1, width - 1).astype(np.int32) for width in widths]
    illness = np.minimum(rng.geometric(0.5, rows) - 1, 3).astype(np.int32)
    return distinct(columns, {"illness": illness}), hierarchies


def every_node(question: Question) -> Iterator[tuple[tuple[int, ...], float, int]]:
    """Node, loss (infinite where not allowed) and rows left out, of all nodes."""
    checker = Checker(question)
    lattice = question.lattice
    levels = (range(low, high + 1) for low, high in zip(lattice.least, lattice.greatest, strict=True))
    for node in product(*levels):
        checked = checker.check(np.array(node))
        yield node, checked.loss, checked.left_out
