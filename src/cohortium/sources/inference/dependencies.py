"""Columns that are functions of others: education and its number, a stratum and its survey year."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cohortium.records import FunctionalDependency, Kind, Role
from cohortium.sources.inference.draft import Draft
from cohortium.sources.inference.persons import is_function_of

_SAMPLE = 2000
_COLUMNS = 250  # beyond these no pairs are searched; a wide table has thousands of chance patterns
_FEW = 20
_EVIDENCE = 30.0  # violations that independent columns would be expected to show


def functional_dependencies(drafts: list[Draft]) -> tuple[FunctionalDependency, ...]:
    """Dependencies that every row obeys and that chance does not explain, without those that follow from others.

    Of two columns that are functions of each other the later one is taken as dependent.
    """
    columns = [draft for draft in drafts if _can_depend(draft) or Role.PERSON_KEY in draft.roles][:_COLUMNS]
    codes = [draft.value_codes() for draft in columns]
    step = max(1, len(codes[0]) // _SAMPLE) if codes else 1
    thin = [column[::step] for column in codes]
    found: set[tuple[int, int]] = set()
    for left, determinant in enumerate(columns):
        if not _can_determine(determinant):
            continue
        for right, dependent in enumerate(columns):
            if left == right or not _can_depend(dependent) or dependent.distinct > determinant.distinct:
                continue
            if (right, left) in found and right < left:
                continue
            if not is_function_of(thin[right], thin[left]) or not _holds(codes[right], codes[left]):
                continue
            if not _is_measured(determinant) or _is_binning(determinant, codes[left], codes[right]):
                found.add((left, right))
    kept = _without_implied(_one_way(found))
    for left, right in kept:
        columns[right].why(f"It is a function of '{columns[left].name}': rows that agree there agree here.")
    return tuple(FunctionalDependency(columns[left].name, columns[right].name) for left, right in sorted(kept))


def _is_measured(draft: Draft) -> bool:
    """A quantity of many values, of which another column can be a function by chance or by repetition of persons."""
    return draft.kind.is_numeric and draft.distinct > _FEW


def _is_binning(determinant: Draft, left: NDArray[np.int32], right: NDArray[np.int32]) -> bool:
    """Whether the dependent is constant over intervals of the determinant, as an age group is over ages."""
    if determinant.numbers is None:
        return False
    known = (left >= 0) & (right >= 0)
    order = np.argsort(determinant.numbers[left[known]], kind="stable")
    steps = right[known][order]
    return int((np.diff(steps) != 0).sum()) < len(np.unique(steps))


def _can_depend(draft: Draft) -> bool:
    return draft.kind not in (Kind.IDENTIFIER, Kind.TEXT, Kind.IMAGE) and draft.distinct > 1


def _can_determine(draft: Draft) -> bool:
    """Groups of several rows are needed for agreement to mean anything."""
    return draft.distinct > 1 and draft.distinct < draft.filled / 1.2 and draft.kind is not Kind.TEXT


def _holds(dependent: NDArray[np.int32], determinant: NDArray[np.int32]) -> bool:
    """Whether the dependency holds in all rows, and would break often if the two columns were independent."""
    if not is_function_of(dependent, determinant):
        return False
    known = (dependent >= 0) & (determinant >= 0)
    sizes = np.bincount(determinant[known])
    shares = np.bincount(dependent[known]) / known.sum()
    repeats = float((sizes[sizes > 1] - 1).sum())
    return bool(repeats * (1 - (shares**2).sum()) >= _EVIDENCE)


def _one_way(found: set[tuple[int, int]]) -> set[tuple[int, int]]:
    return {(left, right) for left, right in found if not ((right, left) in found and right < left)}


def _without_implied(found: set[tuple[int, int]]) -> set[tuple[int, int]]:
    """Leave out a -> c where a -> b and b -> c."""
    return {
        (left, right)
        for left, right in found
        if not any((left, middle) in found and (middle, right) in found for middle in {pair[1] for pair in found})
    }
