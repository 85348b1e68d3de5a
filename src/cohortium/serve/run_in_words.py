"""What a hub says of a run and its events, as people read it: without the classes of errors."""

from __future__ import annotations

from typing import Any


def details(event: dict[str, Any]) -> str:
    """What an event says besides its time, its name, and the class of an error whose message stands beside it."""
    rest = {name: value for name, value in event.items() if name not in ("number", "at", "what", "error")}
    return ", ".join(f"{name} {value}" for name, value in rest.items() if value != "")


def ending(run: dict[str, Any]) -> str:
    """How a run ended that did not end well: "The run failed: why.", or "The run was cancelled."."""
    if run["status"] == "cancelled":
        return "The run was cancelled."
    return f"The run failed: {run['said'].rstrip('.')}."
