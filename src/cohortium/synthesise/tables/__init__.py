"""Methods that learn one table of records."""

from cohortium.synthesise.tables.copula_mixture import CopulaMixture
from cohortium.synthesise.tables.forests import TreeSettings
from cohortium.synthesise.tables.independent_columns import IndependentColumns
from cohortium.synthesise.tables.private_marginals import PrivateMarginals
from cohortium.synthesise.tables.sequential_trees import FittedTrees, SequentialTrees

__all__ = [
    "CopulaMixture",
    "FittedTrees",
    "IndependentColumns",
    "PrivateMarginals",
    "SequentialTrees",
    "TreeSettings",
]
