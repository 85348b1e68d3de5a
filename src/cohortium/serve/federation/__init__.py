"""The commands of the federation: ``cohortium hub``, ``cohortium node`` and ``cohortium study``."""

from cohortium.serve.federation.hub import hub_app
from cohortium.serve.federation.node import node_app
from cohortium.serve.federation.study import study_app

__all__ = ["hub_app", "node_app", "study_app"]
