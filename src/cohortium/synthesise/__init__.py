"""Synthetic twins: methods that learn real records and sample new ones of persons who do not exist."""

from cohortium.synthesise.generate import batches, equal_shares, generate, sample_subgroups
from cohortium.synthesise.model_file import load_model, save_model
from cohortium.synthesise.protocol import Fitted, Parts, Progress, Synthesiser
from cohortium.synthesise.tables import (
    CopulaMixture,
    FittedTrees,
    IndependentColumns,
    PrivateMarginals,
    SequentialTrees,
    TreeSettings,
)

__all__ = [
    "CopulaMixture",
    "Fitted",
    "FittedTrees",
    "IndependentColumns",
    "Parts",
    "PrivateMarginals",
    "Progress",
    "SequentialTrees",
    "Synthesiser",
    "TreeSettings",
    "batches",
    "equal_shares",
    "generate",
    "load_model",
    "sample_subgroups",
    "save_model",
]
