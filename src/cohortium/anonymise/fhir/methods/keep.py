"""keep: the value as it is."""

from __future__ import annotations

from typing import Any

from cohortium.anonymise.fhir.methods.method import Applied, Context


def keep(value: Any, _kind: str, _path: str, _holder: dict[str, Any], _context: Context) -> Applied:
    """The value as it is."""
    return Applied(value, "keep")
