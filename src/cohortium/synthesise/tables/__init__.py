"""Methods that learn one table of records."""

from cohortium.synthesise.tables.sequential_trees import FittedTrees, SequentialTrees, TreeSettings

__all__ = ["FittedTrees", "SequentialTrees", "TreeSettings"]
