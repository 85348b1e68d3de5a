"""The network as an algorithm: its settings, its rounds, and what it needs to run."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.conformance.examples.example import patients

from cohortium.analyse import NeuralNetwork, over_sites, pooled
from cohortium.crypto.fixed_point import Encoding
from cohortium.errors import InvalidRequest, MissingExtra, NotConverged, TooFewRecords
from cohortium.records import State, Table, agreed_schema, as_agreed

COVARIATES = ("age", "visits", "stage")
SMALL = NeuralNetwork("relapse", COVARIATES, hidden=(4,), rounds=5)


@pytest.fixture
def torch() -> None:
    pytest.importorskip("torch", reason="the extra 'learning' is not installed")


def _state(network: NeuralNetwork, table: Table) -> tuple[State, Table]:
    """The state in which the first round of training begins, and the agreed table."""
    schema = agreed_schema([table.schema], network.columns(), [table])
    ready, state = as_agreed(table, schema), network.start(schema)
    while state.step != "train":
        found = network.combine(network.local(ready, state), state)
        assert isinstance(found, State)
        state = found
    return state, ready


def test_nothing_is_imported_that_is_not_installed_everywhere() -> None:
    code = (
        "import sys, cohortium.analyse as a, cohortium.federate.node.desk\n"
        "a.NeuralNetwork('died', ('age',)).columns()\n"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_site_without_pytorch_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtra, match=r"cohortium\[learning\]"):
        pooled(SMALL, patients(60))


@pytest.mark.usefixtures("torch")
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"strategy": "fed_prox"},
        {"strategy": "scaffold"},
        {"strategy": "fed_adam", "held_out": 0.2},
        {"strategy": "fed_recon"},
        {"scaling": "range", "patient_clip": 1.0, "covariates": ("age",)},
    ],
)
def test_a_hub_without_pytorch_knows_how_the_sums_look_and_steps(
    changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    network = replace(SMALL, rounds=3, **changes)
    state, table = _state(network, patients(300))
    for _ in range(2):
        sums = network.local(table, state)
        with monkeypatch.context() as hub:
            hub.setitem(sys.modules, "torch", None)
            assert network.local(table.take([]), state).layout == sums.layout
            following = network.combine(sums, state)
        assert isinstance(following, State)
        state = following


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"strategy": "fed_up"}, "fed_avg"),
        ({"activation": "sine"}, "tanh"),
        ({"rounds": 0}, "rounds"),
        ({"learning_rate": float("nan")}, "learning_rate"),
        ({"batch": 0}, "batch"),
        ({"epochs": 1.5}, "whole"),
        ({"hidden": (2.0,)}, "whole"),
        ({"seed": -1}, "whole"),
        ({"held_out": 1.0}, "held_out"),
        ({"weight_decay": -1.0}, "weight_decay"),
        ({"hidden": (0,)}, "one unit"),
        ({"hidden": (5000, 5000)}, "weights"),
        ({"covariates": ()}, "covariate"),
        ({"covariates": ("relapse",)}, "outcome"),
        ({"missing": "guess"}, "drop"),
        ({"scaling": "none"}, "spread"),
        ({"scaling": "range", "covariates": ("log(age)",)}, "as they are"),
        ({"outcome": "stage", "covariates": ("age",), "event": "IV"}, "IV"),
        ({"patient_clip": 1.0}, "one step"),
        ({"patient_clip": 1.0, "scaling": "range", "covariates": ("age",), "epochs": 2}, "one step"),
        ({"patient_clip": 1.0, "scaling": "range", "covariates": ("age",), "strategy": "scaffold"}, "one step"),
    ],
)
def test_settings_that_make_no_sense_are_refused(changes: dict[str, object], said: str) -> None:
    with pytest.raises(InvalidRequest, match=said):
        pooled(replace(SMALL, **changes), patients(60))  # type: ignore[arg-type]


@pytest.mark.usefixtures("torch")
def test_the_seed_decides_everything() -> None:
    network, table = replace(SMALL, batch=16, epochs=2), patients(120)
    sites = [table.take(np.arange(50)), table.take(np.arange(50, 120))]
    one = over_sites(network, sites)
    assert over_sites(network, sites).to_bytes() == one.to_bytes()
    assert over_sites(replace(network, seed=1), sites).facts["loss"] != one.facts["loss"]


@pytest.mark.usefixtures("torch")
def test_loss_is_told_before_and_after_every_round() -> None:
    answer = pooled(replace(SMALL, held_out=0.3), patients(200))
    rounds = answer.tables["rounds"]
    assert rounds["round"] == [0, 1, 2, 3, 4, 5]
    assert rounds["loss"][-1] == answer.facts["loss"] < rounds["loss"][0]
    assert rounds["held_out_loss"][-1] != rounds["loss"][-1]
    assert 0.6 * 200 < answer.facts["rows"] < 0.8 * 200  # those that were learnt from
    assert answer.persons == 200


@pytest.mark.usefixtures("torch")
def test_held_out_persons_do_not_move_the_weights() -> None:
    network, table = replace(SMALL, held_out=0.3, scaling="range", covariates=("age",)), patients(100)
    held = np.random.default_rng((0, 0)).random(100) < 0.3
    state, ready = _state(network, table)
    whole, learnt = network.local(ready, state), replace(network, held_out=0.0).local(ready.take(~held), state)
    np.testing.assert_allclose(whole["update"], learnt["update"])
    assert whole["held_out_rows"] == held.sum()


@pytest.mark.usefixtures("torch")
def test_what_leaves_is_clipped_and_fits_its_bound_in_a_secure_sum() -> None:
    network, table = replace(SMALL, largest_update=1e-3), patients(80)
    state, ready = _state(network, table)
    sums = network.local(ready, state)
    assert np.linalg.norm(sums["update"]) == pytest.approx(80 * 1e-3)
    encoding = Encoding(sums.layout, 3)
    total = encoding.decode(encoding.encode(dict(sums)))
    np.testing.assert_allclose(total["update"], sums["update"], atol=1e-12)


@pytest.mark.usefixtures("torch")
@pytest.mark.parametrize("strategy", ["fed_avg", "fed_prox", "scaffold", "fed_adam", "fed_recon"])
def test_a_site_without_rows_changes_nothing(strategy: str) -> None:
    network, table = replace(SMALL, strategy=strategy), patients(80)
    alone = over_sites(network, [table])
    joined = over_sites(network, [table, table.take(np.zeros(0, dtype=np.int64))])
    for name, values in alone.arrays.items():
        np.testing.assert_allclose(joined.arrays[name], values, atol=1e-12)


@pytest.mark.usefixtures("torch")
def test_heads_do_not_leave() -> None:
    network = replace(SMALL, strategy="fed_recon")
    state, ready = _state(network, patients(80))
    inputs, units = 4, 4
    assert network.local(ready, state)["update"].shape == (inputs * units + units,)


@pytest.mark.usefixtures("torch")
def test_a_rate_that_is_too_large_is_named() -> None:
    network = NeuralNetwork("visits", ("age",), hidden=(), rounds=400, learning_rate=50.0, largest_update=1e300)
    with pytest.raises(NotConverged, match="learning_rate"):
        pooled(network, patients(60))


def test_records_without_an_outcome_are_too_few() -> None:
    table = patients(30)
    with pytest.raises(TooFewRecords, match="outcome"):
        pooled(SMALL, table.take(np.zeros(0, dtype=np.int64)))


@pytest.mark.usefixtures("torch")
def test_many_weights_for_few_persons_are_remarked_on() -> None:
    table = patients(200)
    assert "remember single patients" in pooled(replace(SMALL, hidden=(16,)), table).facts["notes"][0]
    assert pooled(replace(SMALL, hidden=()), table).facts["notes"] == []


@pytest.mark.usefixtures("torch")
@pytest.mark.parametrize(
    ("network", "kind", "classes"),
    [
        (NeuralNetwork("relapse", ("age",), rounds=1), "binary", ["no", "yes"]),
        (NeuralNetwork("stage", ("age",), event="III", rounds=1), "binary", ["no", "III"]),
        (NeuralNetwork("cause", ("age",), rounds=1), "classes", ["disease", "none", "other"]),
        (NeuralNetwork("visits", ("age",), rounds=1), "number", []),
    ],
)
def test_the_outcome_decides_what_is_foretold(network: NeuralNetwork, kind: str, classes: list[str]) -> None:
    facts = pooled(network, patients(90)).facts
    assert (facts["kind"], facts["classes"]) == (kind, classes)
    assert facts["layers"][-1] == max(1, len(classes) if kind == "classes" else 1)
    assert facts["bytes"] == 8 * facts["parameters"]
