"""The commands of the federation: ``cohortium hub``, ``node``, ``study`` and ``permit``."""

from cohortium.serve.federation import node, node_datasets, node_decisions
from cohortium.serve.federation.hub import hub_app
from cohortium.serve.federation.node_app import node_app
from cohortium.serve.federation.permits import permit_app
from cohortium.serve.federation.study import study_app

__all__ = ["hub_app", "node", "node_app", "node_datasets", "node_decisions", "permit_app", "study_app"]
