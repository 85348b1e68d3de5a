"""Entries as JSON, between node and hub and in the database; what is not of the documented form is refused."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import date
from enum import StrEnum
from typing import Any, TypeVar

from cohortium.errors import InvalidRequest
from cohortium.govern.catalogue.entry import Entry
from cohortium.govern.catalogue.parts import Agent, Aspect, Contact, Coverage, Distribution, QualityLabel, Variable
from cohortium.govern.catalogue.vocabularies import AccessRights, EntryKind, HealthCategory
from cohortium.quality import Dimension
from cohortium.records import Kind

FORM = 1
MOST_BYTES = 8_000_000
Part = Agent | Contact | Variable | Coverage | Distribution | Aspect | QualityLabel
Made = TypeVar("Made")
Read = Callable[[Any], Any]


def to_form(entry: Entry) -> dict[str, Any]:
    """The entry as JSON values; parts that are empty are left out."""
    return {"form": FORM, **_plain(entry)}


def _plain(thing: Entry | Part) -> dict[str, Any]:
    plain = {}
    for one in fields(thing):
        value = getattr(thing, one.name)
        if value != one.default or one.name in _ALWAYS:
            plain[one.name] = _value(value)
    return plain


def _value(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_value(one) for one in value]
    if isinstance(value, StrEnum):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    return _plain(value) if isinstance(value, Part) else value


def form_bytes(entry: Entry) -> bytes:
    """The form as UTF-8, always the same for the same entry."""
    return json.dumps(to_form(entry), ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def digest(entry: Entry) -> str:
    """SHA-256 of what an entry says, whichever version it is."""
    said = {**to_form(entry), "version": 0}
    return f"sha256:{hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()}"


def from_form(form: bytes | str | Mapping[str, Any]) -> Entry:
    """The entry of a form.

    Raises : InvalidRequest that says all that is wrong: fields that are unknown or missing, values of another kind, too
             long, or with control characters. No value is repeated in it. Markup is text like any other.
    """
    plain = _loaded(form) if isinstance(form, bytes | str) else dict(form)
    if plain.pop("form", None) != FORM:
        raise InvalidRequest(f"This is not an entry's form of version {FORM}.")
    wrong: list[str] = []
    made = _made(Entry, plain, "", wrong)
    if made is None or wrong:
        raise InvalidRequest(f"The entry cannot be taken: {' '.join(wrong)}")
    return made


def _loaded(form: bytes | str) -> dict[str, Any]:
    if len(form) > MOST_BYTES:
        raise InvalidRequest(f"An entry's form has at most {MOST_BYTES:,} bytes; this has {len(form):,}.")
    try:
        plain = json.loads(form, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise InvalidRequest("An entry's form is JSON in UTF-8; this is not.") from error
    if not isinstance(plain, dict):
        raise InvalidRequest("An entry's form is a JSON object.")
    return plain


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _made(of: type[Made], plain: Any, place: str, wrong: list[str]) -> Made | None:
    """The part, or None with what is wrong added to ``wrong``; every field is looked at."""
    if not isinstance(plain, Mapping):
        wrong.append(f"{place or 'The form'} must be an object.")
        return None
    readers, before = _READERS[of], len(wrong)
    known = {one.name for one in fields(of)}  # type: ignore[arg-type]
    wrong += [f"{_at(place, _shown(name))} is no field." for name in plain if name not in known]
    values = {}
    for name in known & set(plain):
        is_open = name == "access" and plain[name] is None
        values[name] = None if is_open else _read(readers[name], plain[name], _at(place, name), wrong)
    if len(wrong) > before:
        return None
    try:
        return of(**values)
    except TypeError:
        missing = sorted(_NEEDED[of] - set(values))
        wrong.append(f"{place or 'The form'} lacks {missing}.")
    except InvalidRequest as error:
        wrong.append(f"{place}: {error}" if place else str(error))
    return None


def _at(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


def _shown(name: object) -> str:
    return repr(str(name)[:40])


def _read(reader: Any, value: Any, place: str, wrong: list[str]) -> Any:
    if isinstance(reader, list):
        if not isinstance(value, list):
            wrong.append(f"{place} must be a list.")
            return ()
        if reader[0] is str and all(type(one) is str for one in value):
            return tuple(value)
        return tuple(_read(reader[0], one, f"{place}[{number}]", wrong) for number, one in enumerate(value))
    if reader in _READERS:
        return _made(reader, value, place, wrong)
    if reader is date:
        return _day(value, place, wrong)
    if isinstance(reader, type) and issubclass(reader, StrEnum):
        return _word(reader, value, place, wrong)
    if type(value) is not reader:
        wrong.append(f"{place} must be {_CALLED[reader]}.")
        return reader()
    return value


def _word(of: type[StrEnum], value: Any, place: str, wrong: list[str]) -> StrEnum:
    try:
        return of(value)
    except ValueError:
        wrong.append(f"{place} must be one of {[str(one) for one in of]}.")
        return next(iter(of))


def _day(value: Any, place: str, wrong: list[str]) -> date:
    try:
        if isinstance(value, str) and len(value) == 10:
            return date.fromisoformat(value)
    except ValueError:
        pass
    wrong.append(f"{place} must be a day, such as 2026-12-01.")
    return date.min


_CALLED = {str: "a text", int: "a whole number", bool: "true or false"}
_AGENT = dict.fromkeys(("name", "identifier", "country", "email", "page"), str)
_READERS: dict[type, dict[str, Any]] = {
    Agent: {**_AGENT, "trusted": bool},
    Contact: dict.fromkeys(("name", "email", "page"), str),
    Variable: {
        **dict.fromkeys(("name", "title", "description", "unit"), str),
        "kind": Kind,
        "concepts": [str],
    },
    Coverage: {
        "starts": date,
        "ends": date,
        "countries": [str],
        "place": str,
        "population": str,
        "youngest": int,
        "oldest": int,
    },
    Distribution: {
        **dict.fromkeys(("access", "title", "description", "download", "media_type", "licence"), str),
        "size": int,
    },
    Aspect: {"dimension": Dimension, "passed": int, "warned": int, "failed": int},
    QualityLabel: {"checked": date, "aspects": [Aspect], **dict.fromkeys(("management", "access", "changes"), str)},
    Entry: {
        **dict.fromkeys(("identifier", "title", "description", "edition", "name", "provenance", "described_in"), str),
        **dict.fromkeys(("version", "persons", "rows", "rounded_to"), int),
        **{
            name: [str]
            for name in ("languages", "keywords", "themes", "modes", "legislation", "legal_basis", "derived_from",
                         "coding_systems", "conforms_to")
        },
        "kind": EntryKind,
        "publisher": Agent,
        "contact": Contact,
        "categories": [HealthCategory],
        "access": AccessRights,
        "variables": [Variable],
        "coverage": Coverage,
        "distributions": [Distribution],
        "quality": QualityLabel,
        "body": Agent,
        "issued": date,
        "modified": date,
    },
}  # fmt: skip
_NEEDED: dict[type, set[str]] = {
    Agent: {"name"},
    Contact: {"name"},
    Variable: {"name", "kind"},
    Coverage: set(),
    Distribution: {"access"},
    Aspect: {"dimension", "passed", "warned", "failed"},
    QualityLabel: {"checked", "aspects"},
    Entry: {"identifier", "kind", "title", "description"},
}
_ALWAYS = frozenset({"version", "languages", "access", "legislation", "rounded_to"})
"""Fields whose default may change between releases, so that they are always written."""
