"""Networks trained by a study over several sites, under masks and under noise."""

from __future__ import annotations

import numpy as np
import pytest
from tests.conformance.examples.example import patients
from tests.conformance.test_algorithms import assert_same_answer

from cohortium.analyse import NeuralNetwork, over_sites
from cohortium.analyse.neural import FittedNetwork
from cohortium.errors import CohortiumError
from cohortium.federate import Analysis, Study, simulate
from cohortium.records import Table

pytest.importorskip("torch", reason="the extra 'learning' is not installed")

SCAFFOLD = NeuralNetwork("relapse", ("age", "stage"), hidden=(3,), strategy="scaffold", rounds=3, epochs=3, batch=20)
PRIVATE = NeuralNetwork("relapse", ("age", "stage"), hidden=(), rounds=2, scaling="range", patient_clip=1.0)


def _sites(rows: int) -> dict[str, Table]:
    table = patients(rows)
    return {name: table.take(np.arange(place, rows, 3)) for place, name in enumerate(("north", "south", "west"))}


def test_masked_weights_add_up_to_the_same_network() -> None:
    sites = _sites(240)
    asked = Study("network", "trial", (Analysis("net", SCAFFOLD),), mode="secure")
    assert_same_answer(simulate(asked, sites)["net"], over_sites(SCAFFOLD, list(sites.values())), 1e-8)


def test_a_study_under_noise_trains_a_network_with_a_patient_clip_alone() -> None:
    sites = _sites(3_000)
    asked = Study("network", "trial", (Analysis("net", PRIVATE),), mode="dp", epsilon=8.0, delta=1e-6)
    fitted = FittedNetwork.of(simulate(asked, sites)["net"])
    exact = FittedNetwork.of(over_sites(PRIVATE, list(sites.values())))
    apart = np.abs(fitted.predict(sites["west"]) - exact.predict(sites["west"]))
    assert 0 < apart.max() < 0.05
    with pytest.raises(CohortiumError, match="patient_clip"):
        simulate(Study("network", "trial", (Analysis("net", SCAFFOLD),), mode="dp", epsilon=8.0, delta=1e-6), sites)
