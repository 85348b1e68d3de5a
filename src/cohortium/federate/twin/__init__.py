"""A synthetic twin of the persons of several sites, and its evidence, from sums alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cohortium.federate.twin.federated_twin import FederatedTwin

if TYPE_CHECKING:
    from cohortium.federate.twin.outcome import TwinOutcome, twin_of

__all__ = ["FederatedTwin", "TwinOutcome", "twin_of"]


def __getattr__(name: str) -> Any:
    if name not in ("TwinOutcome", "twin_of"):
        raise AttributeError(f"module 'cohortium.federate.twin' has no attribute '{name}'")
    from cohortium.federate.twin import outcome

    return getattr(outcome, name)
