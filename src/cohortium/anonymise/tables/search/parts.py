"""A bound on the least loss from some columns at a time, each small enough to be searched.

Told by fewer columns, rows stand in larger classes: what must be left out there must be left out by all columns, too.
So a release loses in some columns at least what the best release of these columns alone does, and over parts that share
no column these losses add up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from cohortium.anonymise.tables.lattice import Lattice
from cohortium.anonymise.tables.search.best_first import BestFirst
from cohortium.anonymise.tables.search.pairs import rule_out_by_pairs
from cohortium.anonymise.tables.search.question import Checker, Question
from cohortium.anonymise.tables.tuples import Tuples
from cohortium.errors import NotApplicable

if TYPE_CHECKING:
    from numpy.typing import NDArray

LARGEST = 2_000_000
"""Nodes of a part: its search keeps a bound for each."""


def bound_by_parts(question: Question, is_over: Callable[[], bool]) -> float:
    """What no release loses less than; 0 where no model is such that a class which fails has finer ones that fail.

    is_over : when to stop; what was bounded by then holds.
    Raises  : NotApplicable where a part has no release at all, and so neither has the whole.
    """
    nested = tuple(model for model in question.classes if model.nested)
    if not nested:
        return 0.0
    weights = np.asarray(question.weights or (1.0,) * len(question.hierarchies), dtype=np.float64)
    found = 0.0
    for columns in parts_of(question):
        if is_over():
            break
        part = _part(question, columns, weights)
        checker = Checker(replace(part, classes=nested, release=()))
        walk = BestFirst(part.lattice, checker.loss.generalised, checker.check)
        rule_out_by_pairs(checker.question, walk.bounds)
        found += float(weights[list(columns)].sum() / weights.sum()) * walk.bound_until(is_over)
    if not np.isfinite(found):
        raise NotApplicable("No release satisfies the models. Let more rows be left out, or ask less of the models.")
    return found


def parts_of(question: Question) -> list[tuple[int, ...]]:
    """The columns in parts of up to ``LARGEST`` nodes, those together that tell most: they cost each other most."""
    widths = question.lattice.widths
    parts: list[tuple[int, ...]] = []
    part: list[int] = []
    size = 1
    for column in sorted(range(len(widths)), key=lambda one: -_told(question.tuples, one)):
        if part and size * int(widths[column]) > LARGEST:
            parts.append(tuple(part))
            part, size = [], 1
        part.append(column)
        size *= int(widths[column])
    return [*parts, tuple(part)]


def _told(tuples: Tuples, column: int) -> float:
    """The entropy of a column, nats."""
    shares = np.bincount(tuples.codes[:, column], weights=tuples.counts) / tuples.rows
    shares = shares[shares > 0]
    return float(-(shares * np.log(shares)).sum())


def _part(question: Question, columns: Sequence[int], weights: NDArray[np.float64]) -> Question:
    kept, lattice = list(columns), question.lattice
    return replace(
        question,
        tuples=_merged(question.tuples, kept),
        hierarchies=tuple(question.hierarchies[one] for one in kept),
        weights=tuple(float(weights[one]) for one in kept) if weights[kept].any() else None,
        allowed=Lattice(tuple(lattice.least[one] for one in kept), tuple(lattice.greatest[one] for one in kept)),
    )


def _merged(tuples: Tuples, columns: list[int]) -> Tuples:
    """The distinct combinations over some columns; sensitive levels and persons stay apart."""
    whose: list[NDArray[np.int64]] = [] if tuples.persons is None else [tuples.persons]
    rest = [np.asarray(one, dtype=np.int64) for one in (*tuples.sensitive.values(), *whose)]
    keys: NDArray[np.int64] = np.column_stack([tuples.codes[:, columns].astype(np.int64), *rest])
    _, first, of_tuple = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    of_tuple = of_tuple.reshape(-1)
    population = tuples.population
    return Tuples(
        codes=np.ascontiguousarray(tuples.codes[first][:, columns]),
        counts=np.bincount(of_tuple, weights=tuples.counts).astype(np.int64),
        of_row=np.empty(0, dtype=np.int64),
        sensitive={name: codes[first] for name, codes in tuples.sensitive.items()},
        persons=None if tuples.persons is None else tuples.persons[first],
        population=None if population is None else np.bincount(of_tuple, weights=population).astype(np.int64),
    )
