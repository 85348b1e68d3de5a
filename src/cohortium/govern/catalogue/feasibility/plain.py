"""Reading JSON of which only a part is understood: everything else that asks for something is refused by its name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from cohortium.errors import InvalidRequest

Value = TypeVar("Value")


def known_only(plain: Mapping[str, Any], known: set[str], where: str) -> None:
    """Raises InvalidRequest that names parts that are not supported; what is empty or false asks for nothing."""
    asked = sorted(str(name)[:60] for name, value in plain.items() if name not in known and value not in (None, False))
    asked = [name for name in asked if plain.get(name) not in ([], {}, "")]
    if asked:
        raise InvalidRequest(f"In {where}, {', '.join(asked)} {'is' if len(asked) == 1 else 'are'} not supported.")


def told(plain: Mapping[str, Any], name: str, of: type[Value], where: str) -> Value:
    """A part that must be there; raises InvalidRequest."""
    value = plain.get(name)
    if not isinstance(value, of) or isinstance(value, bool) is not (of is bool):
        raise InvalidRequest(f"{where[0].upper()}{where[1:]} needs '{name}'.")
    return value


def listed(plain: Mapping[str, Any], name: str, where: str) -> list[Mapping[str, Any]]:
    """A list of objects, empty where it is missing; raises InvalidRequest where it is something else."""
    value = plain.get(name) or []
    if not isinstance(value, list) or not all(isinstance(one, Mapping) for one in value):
        raise InvalidRequest(f"In {where}, '{name}' is a list of objects.")
    return value
