"""Elements taken as they should be formed, whatever stands there: records of real systems are not always valid."""

from __future__ import annotations

from typing import Any


def listed(value: Any) -> list[Any]:
    """The list itself, one element as a list, or an empty list."""
    return value if isinstance(value, list) else [] if value is None else [value]


def objects(value: Any) -> list[dict[str, Any]]:
    """The objects in a list, or the one object."""
    return [one for one in listed(value) if isinstance(one, dict)]


def text_of(value: Any) -> str:
    """A text itself, else an empty one."""
    return value if isinstance(value, str) else ""
