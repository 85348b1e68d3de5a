"""Examples of networks that are trained; skipped where PyTorch is not installed."""

from __future__ import annotations

import pytest
from tests.conformance.examples.example import Example, patients

from cohortium.analyse import NeuralNetwork
from cohortium.records import Table


def learnable() -> Table:
    """The made patients, where there is something to learn with."""
    pytest.importorskip("torch", reason="the extra 'learning' is not installed")
    return patients()


EXAMPLES: dict[str, Example] = {
    # one step a round on all rows: only so does the answer not depend on who has which rows
    "neural_network": Example(
        NeuralNetwork(
            "relapse", ("age", "marker", "stage", "smoker"), hidden=(6,), rounds=20, missing="indicate", held_out=0.0
        ),
        learnable,
    ),
}
