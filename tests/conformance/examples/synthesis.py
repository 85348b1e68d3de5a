"""Examples of algorithms that learn a synthetic twin across sites."""

from __future__ import annotations

from tests.conformance.examples.example import Example, patients

from cohortium.federate.twin import FederatedTwin
from cohortium.synthesise.federated import FederatedMarginals, FederatedMixture, FederatedTrees

MODELLED = ("age", "marker", "stage", "smoker", "relapse", "visits", "cause")

EXAMPLES: dict[str, Example] = {
    "federated_marginals": Example(FederatedMarginals(MODELLED, epsilon=3.0, insecure_seed=1), patients),
    "federated_mixture": Example(FederatedMixture(MODELLED), lambda: patients(150)),
    # no two rows alike: who is held out among equal rows of two sites depends on the site
    "federated_twin": Example(FederatedTwin((*MODELLED, "time_days"), splits=2, dials={"trees": 3}), patients),
    "federated_trees": Example(FederatedTrees(MODELLED, trees=3), patients),
}
