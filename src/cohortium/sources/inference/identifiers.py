"""Columns that name a person, a visit or a row rather than describe it."""

from __future__ import annotations

import numpy as np
import pyarrow.compute as pc

from cohortium.records import Kind, Role
from cohortium.sources.cells.patterns import matching
from cohortium.sources.inference.draft import Draft
from cohortium.sources.inference.names import (
    CONTACT,
    COUNT,
    DATE,
    ID,
    OFFICIAL_NUMBER,
    PERSON,
    PERSON_NAME,
    PERSON_NAME_PAIRS,
    ROW_NUMBER,
    SAMPLE,
    says,
    says_pair,
    words,
)

_EMAIL = r"^[^@\s]+@[^@\s]+\.[A-Za-z]{2,}$"
_SOCIAL_SECURITY = r"^\d{3}-\d{2}-\d{4}$"
_UUID = r"^[0-9A-Fa-f]{8}-([0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}$"
_CODE_LIKE = r"^[A-Za-z0-9._/:-]*\d[A-Za-z0-9._/:-]*$"


def take_identifier(draft: Draft) -> bool:
    """Make the draft an identifier where name or shape say so; True if it became one."""
    reason = _direct(draft)
    if reason:
        draft.roles.add(Role.DIRECT_IDENTIFIER)
    reason = reason or _by_name(draft) or _by_shape(draft)
    if not reason:
        return False
    draft.kind = Kind.IDENTIFIER
    draft.why(reason)
    return True


def is_person_name(name: str) -> bool:
    """Whether the name speaks of the person as such: patient_id, subject, pid, plain id."""
    found = words(name)
    plain = found in (
        ("id",),
        ("ids",),
        ("pid",),
        ("usubjid",),
        ("subject",),
        ("patient",),
        ("seqn",),
        ("record", "id"),
    )
    if plain:
        return True
    if (
        "id" not in found[-1:]
        and not says(name, ID)
        and found[-1:] not in (("code",), ("number",), ("nummer",), ("no",))
    ):
        return False
    return says(name, PERSON)


def is_sample_name(name: str) -> bool:
    """Whether the name speaks of a specimen or its label."""
    return says(name, SAMPLE)


def _direct(draft: Draft) -> str | None:
    texts, shares = draft.profile.cells.texts, draft.counts
    if draft.numbers is None and (says(draft.name, PERSON_NAME) or says_pair(draft.name, PERSON_NAME_PAIRS)):
        return "The name of the column speaks of persons' names, which identify them directly."
    if draft.distinct > 20 and (says(draft.name, CONTACT) or says(draft.name, OFFICIAL_NUMBER)) and _is_discrete(draft):
        return "The name of the column speaks of an address, a contact or an official number: it identifies directly."
    if draft.numbers is not None or not draft.filled:
        return None
    for pattern, what in ((_EMAIL, "e-mail addresses"), (_SOCIAL_SECURITY, "social security numbers")):
        matches = matching(texts, pattern)
        if shares[matches].sum() > 0.9 * draft.filled:
            return f"{int(shares[matches].sum()):,} cells look like {what}, which identify a person directly."
    return None


def _is_discrete(draft: Draft) -> bool:
    return draft.numbers is None or bool((draft.numbers[draft.present] % 1 == 0).all())


def _by_name(draft: Draft) -> str | None:
    found = words(draft.name)
    if not found or not draft.filled or not _is_discrete(draft):
        return None
    if is_person_name(draft.name) and draft.distinct > 1 and "type" not in found:
        return _named_reason(draft)
    named = found[-1] in ID - {"no", "index"} or found[0] in {"id", "rownames"} or found == ("index",)
    named |= (found[-1] == "no" and len(found) > 1) or (is_sample_name(draft.name) and found[-1] not in COUNT)
    if not named or {"concept", "gene", "type", "class", "category"} & set(found):
        return None
    few = draft.distinct <= max(50, draft.filled / 20) and draft.distinct < draft.filled
    if few or draft.distinct < 2:
        return None
    return _named_reason(draft)


def _named_reason(draft: Draft) -> str:
    rows = f"{draft.distinct:,} different ones stand in {draft.filled:,} rows."
    return f"The name of the column speaks of an identifier; {rows}"


def _by_shape(draft: Draft) -> str | None:
    if draft.filled < 10 or draft.distinct < draft.filled:
        return None
    if draft.numbers is not None:
        return _unique_numbers(draft)
    texts = draft.profile.cells.texts.filter(draft.present)
    if matching(texts, _UUID).all():
        return f"All {draft.filled:,} cells are different universally unique identifiers."
    lengths = pc.utf8_length(texts)
    similar = pc.max(lengths).as_py() - pc.min(lengths).as_py() <= 4
    if similar and matching(texts, _CODE_LIKE).all():
        return f"All {draft.filled:,} cells are different and look like codes: they name the row."
    return None


def _unique_numbers(draft: Draft) -> str | None:
    numbers = draft.values()
    known = numbers[~np.isnan(numbers)]
    if not (known % 1 == 0).all():
        return None
    if (np.diff(known) == 1).all() and len(known) == len(numbers) and known[0] in (0, 1):
        measured = says(draft.name, DATE) or (says(draft.name, COUNT) and not says(draft.name, ROW_NUMBER))
        return None if measured else f"The numbers count the {len(known):,} rows."
    if says(draft.name, COUNT):
        return None
    digits = np.floor(np.log10(np.maximum(np.abs(known), 1)))
    if digits.min() == digits.max() >= 5:
        return f"All {len(known):,} whole numbers are different and equally long: they name the row."
    if len(known) >= 100 and known.max() - known.min() < 1.2 * len(known):
        return (
            f"All {len(known):,} whole numbers are different and fill one range almost without gaps: they name the row."
        )
    return None
