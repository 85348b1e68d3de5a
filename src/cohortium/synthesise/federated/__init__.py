"""Synthesisers that learn across sites from sums alone; what they learn is the model of the method of the same name."""

from cohortium.synthesise.federated.federated_marginals import FederatedMarginals
from cohortium.synthesise.federated.federated_mixture import FederatedMixture
from cohortium.synthesise.federated.federated_trees import FederatedTrees
from cohortium.synthesise.federated.stored import fitted_of

__all__ = ["FederatedMarginals", "FederatedMixture", "FederatedTrees", "fitted_of"]
