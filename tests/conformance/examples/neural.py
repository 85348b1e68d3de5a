"""Examples of networks that are trained; skipped where PyTorch is not installed."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from tests.conformance.examples.example import Example, patients

from cohortium.analyse import NeuralNetwork
from cohortium.records import Column, Kind, Schema, Table
from cohortium.records.images import column_of_pixels


def learnable() -> Table:
    """The made patients, where there is something to learn with."""
    pytest.importorskip("torch", reason="the extra 'learning' is not installed")
    return patients()


def pictured(n: int = 400, seed: int = 0, shape: tuple[int, int, int] = (9, 8, 1)) -> Table:
    """The made patients with a scan each, brighter to the left where they relapsed; every twentieth scan is missing."""
    table, rng = patients(n, seed), np.random.default_rng((seed, 1))
    pixels = rng.integers(0, 200, (n, *shape))
    pixels[:, :, : shape[1] // 2] += 55 * table.codes("relapse")[0][:, None, None, None]
    cells = column_of_pixels(pixels.astype(np.uint8)).to_pylist()
    scans = pa.array([None if place % 20 == 7 else cell for place, cell in enumerate(cells)], pa.binary())
    arrow = table.arrow.append_column("scan", scans)
    return Table(arrow, Schema((*table.schema.columns, Column("scan", Kind.IMAGE, shape=shape))))


def learnable_images() -> Table:
    """The made patients with their scans, where there is something to learn with."""
    pytest.importorskip("torch", reason="the extra 'learning' is not installed")
    return pictured(300)


EXAMPLES: dict[str, Example] = {
    # one step a round on all rows: only so does the answer not depend on who has which rows
    "neural_network": Example(
        NeuralNetwork(
            "relapse", ("age", "marker", "stage", "smoker"), hidden=(6,), rounds=20, missing="indicate", held_out=0.0
        ),
        learnable,
    ),
}

VARIANTS: dict[str, Example] = {
    "neural_network of images": Example(
        NeuralNetwork(
            "relapse", ("age", "stage"), image="scan", filters=(3, 4), hidden=(5,), rounds=8, missing="indicate"
        ),
        learnable_images,
    ),
}
"""Further settings of algorithms that have an example above."""
