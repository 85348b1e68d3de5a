"""Synthetic twins: methods that learn real records and sample new ones of persons who do not exist."""

from cohortium.synthesise.protocol import Fitted, Parts, Progress, Synthesiser
from cohortium.synthesise.tables import FittedTrees, SequentialTrees, TreeSettings

__all__ = ["Fitted", "FittedTrees", "Parts", "Progress", "SequentialTrees", "Synthesiser", "TreeSettings"]
