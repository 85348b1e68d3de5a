"""What a source knows about a column beyond its values, carried in the metadata of the raw Arrow field."""

from __future__ import annotations

import json
from collections.abc import Iterable

import pyarrow as pa

from cohortium.records import Column
from cohortium.records.plain import column_from_plain, column_to_plain

_NOTES = b"cohortium.notes"
_DECLARED = b"cohortium.declared"


def one_line(text: str) -> str:
    """``text`` as one line of printable characters, as it stands in a comment of a schema file."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def annotated(field: pa.Field, notes: Iterable[str] = (), declared: Column | None = None) -> pa.Field:
    """``field`` with sentences for a person to read and, where the source declares one, the column's meaning."""
    metadata: dict[bytes, bytes] = dict(field.metadata or {})
    sentences = [*notes_of(field), *notes]
    if sentences:
        metadata[_NOTES] = json.dumps(sentences).encode()
    if declared is not None:
        metadata[_DECLARED] = json.dumps(column_to_plain(declared)).encode()
    return field.with_metadata(metadata or None)


def notes_of(field: pa.Field) -> tuple[str, ...]:
    """What the source said about the column."""
    return tuple(json.loads((field.metadata or {}).get(_NOTES, b"[]")))


def declared_of(field: pa.Field) -> Column | None:
    """The meaning that the source declares, or None."""
    text = (field.metadata or {}).get(_DECLARED)
    if text is None:
        return None
    return column_from_plain({**json.loads(text), "name": field.name})


def unique_names(names: Iterable[str]) -> list[tuple[str, tuple[str, ...]]]:
    """Names without repetition, each with the sentences that say what was changed."""
    wanted = [name.strip() for name in names]
    taken = set(wanted)
    seen: set[str] = set()
    result: list[tuple[str, tuple[str, ...]]] = []
    for place, name in enumerate(wanted, start=1):
        if name and name not in seen:
            seen.add(name)
            result.append((name, ()))
            continue
        base, number = (name, 2) if name else (f"column_{place}", 1)
        fresh = base if not name and base not in taken else f"{base}_{number}"
        while fresh in taken or fresh in seen:
            number += 1
            fresh = f"{base}_{number}"
        seen.add(fresh)
        why = (
            f"The source has more than one column '{name}'; this one, in place {place}, was renamed."
            if name
            else f"The source gives the column in place {place} no name."
        )
        result.append((fresh, (why,)))
    return result
