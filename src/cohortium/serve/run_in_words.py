"""What a hub says of a run and its events, as people read it: without the classes of errors."""

from __future__ import annotations

from typing import Any

from cohortium import errors


def plainly(said: str) -> str:
    """What a hub says, without the class of the error that it begins with."""
    kind, colon, rest = said.partition(": ")
    return rest if colon and _is_error(kind) else said


def details(event: dict[str, Any]) -> str:
    """What an event says besides its time and its name; a bare class of an error has its reason beside it."""
    rest = {name: value for name, value in event.items() if name not in ("number", "at", "what")}
    return ", ".join(
        f"{name} {plainly(str(value))}" for name, value in rest.items() if value != "" and not _is_error(value)
    )


def ending(run: dict[str, Any]) -> str:
    """How a run ended that did not end well: "The run failed: why.", or "The run was cancelled."."""
    if run["status"] == "cancelled":
        return "The run was cancelled."
    return f"The run failed: {plainly(run['said']).rstrip('.')}."


def _is_error(kind: Any) -> bool:
    found = getattr(errors, kind, None) if isinstance(kind, str) else None
    return isinstance(found, type) and issubclass(found, errors.CohortiumError)
