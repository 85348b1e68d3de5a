"""The federation: hospitals answer one question together, and no record leaves any of them.

Names are imported when they are first used: a node's supervisor and FLARE's processes need little of this.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cohortium.federate.channel import Channel, InProcess
    from cohortium.federate.simulation import rehearse, simulate
    from cohortium.federate.study import Analysis, Study, in_words, read_study

_HOMES = {
    "Analysis": "cohortium.federate.study",
    "Channel": "cohortium.federate.channel",
    "InProcess": "cohortium.federate.channel",
    "Study": "cohortium.federate.study",
    "in_words": "cohortium.federate.study",
    "read_study": "cohortium.federate.study",
    "rehearse": "cohortium.federate.simulation",
    "simulate": "cohortium.federate.simulation",
}

__all__ = ["Analysis", "Channel", "InProcess", "Study", "in_words", "read_study", "rehearse", "simulate"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'cohortium.federate' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)
