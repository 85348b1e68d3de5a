"""A synthetic twin of the persons of several sites, and its evidence, from sums alone."""

from cohortium.federate.twin.federated_twin import FederatedTwin
from cohortium.federate.twin.outcome import TwinOutcome, twin_of

__all__ = ["FederatedTwin", "TwinOutcome", "twin_of"]
