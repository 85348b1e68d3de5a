"""Which column names the person, so that rows of one person stay together."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cohortium.records import Kind, Role
from cohortium.sources.inference.draft import Draft
from cohortium.sources.inference.identifiers import is_person_name, is_sample_name
from cohortium.sources.inference.names import BIRTH, ORIGIN, ROW_NUMBER, SEX, VISIT, says

_GROUPS = 10  # persons with several rows that must agree before shape alone makes a person key


def choose_person_key(drafts: list[Draft]) -> Draft | None:
    """The identifier that names persons, with its role set; None where no column convinces."""
    declared = next((draft for draft in drafts if Role.PERSON_KEY in draft.roles), None)
    if declared is not None:
        return declared
    scored = [(_score(draft, drafts), -draft.distinct, -place) for place, draft in enumerate(drafts)]
    best = max(scored, default=(0, 0, 0))
    if best[0] <= 0:
        return None
    chosen = drafts[-best[2]]
    chosen.roles.add(Role.PERSON_KEY)
    chosen.roles.discard(Role.DIRECT_IDENTIFIER)
    _explain(chosen, drafts)
    return chosen


def _score(draft: Draft, drafts: list[Draft]) -> int:
    if draft.kind is not Kind.IDENTIFIER or draft.distinct < 2 or draft.filled < draft.profile.rows:
        return 0
    if Role.DIRECT_IDENTIFIER in draft.roles and not is_person_name(draft.name):
        return 0
    if is_person_name(draft.name):
        return 4
    if is_sample_name(draft.name):
        return 2
    if says(draft.name, VISIT) or says(draft.name, ROW_NUMBER):
        return 0
    constant, several = _agreeing(draft, [other for other in drafts if _is_of_person(other)])
    return 1 if several >= _GROUPS and constant else 0


def _is_of_person(draft: Draft) -> bool:
    return draft.distinct > 1 and (says(draft.name, SEX) or says(draft.name, BIRTH) or says(draft.name, ORIGIN))


def _explain(key: Draft, drafts: list[Draft]) -> None:
    rows, persons = key.profile.rows, key.distinct
    if persons == rows:
        key.why(f"It names the person; each of the {persons:,} persons has one row.")
        return
    key.why(f"It names the person; {persons:,} persons have {rows:,} rows.")
    constant, several = _agreeing(key, [other for other in drafts if other is not key and other.distinct > 1])
    if constant and several:
        shown = ", ".join(constant[:8]) + (" and others" if len(constant) > 8 else "")
        key.why(f"Within each of the {several:,} persons with several rows these agree: {shown}.")
    elif several:
        key.why("Unsure: no other column agrees within all persons with several rows. Check that this is the person.")


def _agreeing(key: Draft, others: list[Draft]) -> tuple[list[str], int]:
    """Columns that agree within every person, and how many persons have several rows."""
    persons = key.value_codes()
    several = int((np.bincount(persons[persons >= 0]) > 1).sum())
    if not several:
        return [], 0
    return [other.name for other in others if is_function_of(other.value_codes(), persons)], several


def is_function_of(dependent: NDArray[np.int32], determinant: NDArray[np.int32]) -> bool:
    """Whether rows that agree on ``determinant`` agree on ``dependent``; rows missing either (-1) are left out."""
    known = (dependent >= 0) & (determinant >= 0)
    left, right = determinant[known], dependent[known]
    if not len(left):
        return False
    # Each group is represented by whichever of its rows was written last; the others must equal it.
    representative = np.empty(int(left.max()) + 1, dtype=np.int32)
    representative[left] = right
    return bool((representative[left] == right).all())
