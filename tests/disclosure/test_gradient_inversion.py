"""A network's update on few records gives them back; the node lets none out that the hub could see.

The attack: in the first layer the gradient of a unit's weights is the record times the gradient of its bias, so their
ratio is the record (Geiping et al. 2020, NeurIPS, proposition 3.1).
"""

from __future__ import annotations

import numpy as np
import pytest
from tests.conformance.examples.example import patients

from cohortium.analyse import NeuralNetwork
from cohortium.errors import CohortiumError
from cohortium.federate import Analysis, Study, simulate
from cohortium.records import State, Sums, Table, agreed_schema, as_agreed

pytest.importorskip("torch", reason="the extra 'learning' is not installed")

NETWORK = NeuralNetwork("relapse", ("age", "visits"), hidden=(4,), rounds=1)
STUDY = Study("Relapse", "records", (Analysis("network", NETWORK),))


def _training(table: Table) -> tuple[Table, State]:
    """The agreed records, and the state in which the network's weights go out for the first time."""
    schema = agreed_schema([table.schema], NETWORK.columns(), [table])
    agreed = as_agreed(table, schema)
    state = NETWORK.start(schema)
    while "weights" not in state.arrays:
        following = NETWORK.combine(NETWORK.local(agreed, state), state)
        assert isinstance(following, State)
        state = following
    return agreed, state


def _inverted(sums: Sums, state: State) -> float:
    """The age that an attacker reads from an update."""
    inputs, units = state.facts["sizes"][:2]
    matrix = sums["update"][: inputs * units].reshape(inputs, units)
    biases = sums["update"][inputs * units : (inputs + 1) * units]
    unit = int(np.argmax(np.abs(biases)))
    scaled = matrix[0, unit] / biases[unit]
    return float(scaled * state.arrays["scale"][0] + state.arrays["centre"][0])


def test_the_attack_works_where_nothing_stops_it() -> None:
    table, state = _training(patients(200))
    one = table.take([17])
    assert _inverted(NETWORK.local(one, state), state) == pytest.approx(one.numeric("age")[0], abs=1e-6)


def test_over_many_patients_the_ratio_is_nobodys_record() -> None:
    """Units see mixtures: the ratio differs from unit to unit, and no record is the one that it gives."""
    table, state = _training(patients(200))
    sums = NETWORK.local(table, state)
    inputs, units = state.facts["sizes"][:2]
    matrix = sums["update"][: inputs * units].reshape(inputs, units)
    ratios = matrix / sums["update"][inputs * units : (inputs + 1) * units]
    rows = np.column_stack([table.numeric("age"), table.numeric("visits")])
    points = (ratios * state.arrays["scale"][:inputs, None] + state.arrays["centre"][:inputs, None]).T
    gaps = np.abs(points[:, None, :] - rows[None, :, :]).max(axis=2).min(axis=1)
    assert (gaps > 0.01).all()


def test_a_hospitals_own_update_is_never_seen() -> None:
    sites = {name: patients(60, seed) for seed, name in enumerate(("a", "b", "c"))}
    with pytest.raises(CohortiumError, match="Gradients"):
        simulate(Study("Relapse", "records", STUDY.analyses, mode="plain"), sites)
    assert simulate(STUDY, sites)["network"].persons == 180


def test_a_hospital_with_one_patient_takes_no_part() -> None:
    sites = {"a": patients(60, 1), "b": patients(60, 2), "c": patients(1, 3)}
    with pytest.raises(CohortiumError, match="Minimum persons"):
        simulate(STUDY, sites)
