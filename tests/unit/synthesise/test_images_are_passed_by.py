"""Methods and metrics leave images where they are: a twin has none, and is judged without."""

from __future__ import annotations

import numpy as np
import pytest
from tests.conformance.examples.neural import pictured

import cohortium.synthesise
from cohortium.evaluate import evaluate
from cohortium.registry import entries, find

NAMES = ("relapse", "age", "stage", "smoker", "scan")
assert cohortium.synthesise  # importing the room registers its methods


@pytest.mark.parametrize("method", [entry.name for entry in entries("synthesiser")])
def test_a_twin_has_no_images(method: str, rng: np.random.Generator) -> None:
    table = pictured(300).select(NAMES)
    twin = find("synthesiser", method).thing().fit(table, rng=rng).sample(50, rng=rng)
    assert twin.schema.names == NAMES[:-1]


def test_a_twin_is_judged_without_images(rng: np.random.Generator) -> None:
    table = pictured(300).select(NAMES)
    twin = find("synthesiser", "independent_columns").thing().fit(table, rng=rng).sample(150, rng=rng)
    evidence = evaluate(
        table.take(np.arange(150)), twin, table.take(np.arange(150, 300)), metrics=["column_shapes"], rng=rng
    )
    assert evidence.findings
