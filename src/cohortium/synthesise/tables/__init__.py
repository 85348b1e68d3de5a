"""Methods that learn one table of records."""

from cohortium.synthesise.tables.forests import TreeSettings
from cohortium.synthesise.tables.sequential_trees import FittedTrees, SequentialTrees

__all__ = ["FittedTrees", "SequentialTrees", "TreeSettings"]
