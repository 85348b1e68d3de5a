"""Cohortium: hospitals analyse, model and share health data together while no record leaves its hospital.

The rooms of this package follow the journey of a health record; ``docs/architecture.md`` draws the map. The names below
are the public face; they are imported when they are first used, so that ``import cohortium`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cohortium.evaluate import evaluate
    from cohortium.privacy.policy import load_policy
    from cohortium.records import Schema, Table
    from cohortium.serve.twin import Plan, Twin, make_twin
    from cohortium.sources import read
    from cohortium.synthesise import load_model, save_model

__version__ = "0.1.0"

_HOMES = {
    "Plan": "cohortium.serve.twin",
    "Schema": "cohortium.records",
    "Table": "cohortium.records",
    "Twin": "cohortium.serve.twin",
    "evaluate": "cohortium.evaluate",
    "load_model": "cohortium.synthesise",
    "load_policy": "cohortium.privacy.policy",
    "make_twin": "cohortium.serve.twin",
    "profile": "cohortium.quality",
    "read": "cohortium.sources",
    "run_checks": "cohortium.quality",
    "save_model": "cohortium.synthesise",
}

__all__ = [
    "Plan",
    "Schema",
    "Table",
    "Twin",
    "evaluate",
    "load_model",
    "load_policy",
    "make_twin",
    "profile",
    "read",
    "run_checks",
    "save_model",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'cohortium' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
