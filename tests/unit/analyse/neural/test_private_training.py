"""Training that hides single persons: what it costs, what is added, and what it asks for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from cohortium.analyse import NeuralNetwork
from cohortium.analyse.neural import FittedNetwork, train_privately
from cohortium.errors import NotApplicable, TooFewRecords
from cohortium.privacy.accounting import rho_of
from cohortium.privacy.secure_noise import InsecureNoise
from cohortium.records import Column, Kind, Role, Schema, Table

PRIVATE = NeuralNetwork(
    "ill", ("age", "score", "sex"), hidden=(4,), rounds=20, learning_rate=2.0, scaling="range", patient_clip=1.0
)


def _made(n: int, seed: int = 0, visits: int = 1) -> Table:
    """Persons whose illness hangs on age and, in turn, on a score that counts only for one sex."""
    rng = np.random.default_rng(seed)
    age, score, sex = rng.uniform(20, 90, n), rng.uniform(-3, 3, n), rng.integers(0, 2, n)
    ill = rng.random(n) < 1 / (1 + np.exp(-(age - 55) / 8 - 2 * score * sex))
    repeat = np.repeat(np.arange(n), visits)
    arrays = {
        "person": pa.array([f"P{place}" for place in repeat]),
        "age": pa.array(age[repeat]),
        "score": pa.array(score[repeat]),
        "sex": pa.array(np.array(["f", "m"])[sex[repeat]]).dictionary_encode(),
        "ill": pa.array(ill[repeat]),
    }
    schema = Schema(
        (
            Column("person", Kind.IDENTIFIER, frozenset({Role.PERSON_KEY})),
            Column("age", Kind.CONTINUOUS, minimum=0.0, maximum=110.0),
            Column("score", Kind.CONTINUOUS, minimum=-3.0, maximum=3.0),
            Column("sex", Kind.CATEGORICAL, levels=("f", "m")),
            Column("ill", Kind.BOOLEAN),
        )
    )
    return Table(pa.table(arrays), schema)


@pytest.fixture
def torch() -> None:
    pytest.importorskip("torch", reason="the extra 'learning' is not installed")


def _auc(network: FittedNetwork, table: Table) -> float:
    found, ill = network.predict(table), table.codes("ill")[0] == 1
    return float((found[ill][:, None] > found[~ill]).mean())


def _noise(seed: int) -> InsecureNoise:
    return InsecureNoise(np.random.default_rng(seed))


@pytest.mark.usefixtures("torch")
def test_it_learns_and_spends_no_more_than_was_granted() -> None:
    sites = [_made(3000, seed=1), _made(1000, seed=2)]
    answer = train_privately(PRIVATE, sites, 2.0, 1e-5, noise=_noise(0))
    assert 0.9 * rho_of(2.0, 1e-5) < answer.facts["rho_spent"] <= rho_of(2.0, 1e-5)
    assert _auc(FittedNetwork.of(answer), _made(1000, seed=3)) > 0.85
    assert answer.tables == {}  # no loss is told, since nothing bounds what a person adds to it


@pytest.mark.usefixtures("torch")
def test_little_privacy_budget_means_much_noise() -> None:
    sites = [_made(2000, seed=1)]
    first = [train_privately(PRIVATE, sites, eps, 1e-5, noise=_noise(0)) for eps in (0.3, 50.0)]
    again = [train_privately(PRIVATE, sites, eps, 1e-5, noise=_noise(1)) for eps in (0.3, 50.0)]
    apart = [
        np.abs(one.arrays["layer_1_weights"] - other.arrays["layer_1_weights"]).mean()
        for one, other in zip(first, again, strict=True)
    ]
    assert apart[0] > 10 * apart[1] > 0


@pytest.mark.usefixtures("torch")
def test_noise_has_the_size_that_the_budget_says() -> None:
    """One round from no one at all: what moves the weights is noise alone."""
    network = replace(PRIVATE, rounds=1, hidden=(200,), learning_rate=1.0)
    nobody = _made(50).take(np.zeros(0, dtype=np.int64))
    found = []
    for seed in range(12):  # the noisy count of persons divides the sum, and is below 1 in half of all draws
        try:
            answer = train_privately(network, [nobody], 1.0, 1e-5, noise=_noise(seed))
        except TooFewRecords:
            continue
        moved = answer.arrays["layer_1_biases"]  # these begin at 0
        found.append(float(moved.std()) * answer.persons)
    expected = 1.0 / np.sqrt(2 * rho_of(1.0, 1e-5) / 2)  # half of the budget goes to the count
    assert len(found) >= 3
    assert np.mean(found) == pytest.approx(expected, rel=0.1)


@pytest.mark.usefixtures("torch")
def test_further_visits_of_a_person_add_nothing() -> None:
    once, often = (train_privately(PRIVATE, [_made(300, visits=v)], 5.0, 1e-5, noise=_noise(0)) for v in (1, 4))
    assert once.persons == often.persons
    np.testing.assert_array_equal(once.arrays["layer_1_weights"], often.arrays["layer_1_weights"])


@pytest.mark.usefixtures("torch")
def test_adam_at_the_hub_learns_from_the_same_sums() -> None:
    network = replace(PRIVATE, strategy="fed_adam", server_rate=0.1)
    answer = train_privately(network, [_made(3000, seed=1)], 2.0, 1e-5, noise=_noise(0))
    assert _auc(FittedNetwork.of(answer), _made(1000, seed=3)) > 0.85


def test_nothing_is_private_without_a_clip() -> None:
    with pytest.raises(NotApplicable, match="patient_clip"):
        train_privately(replace(PRIVATE, patient_clip=None), [_made(50)], 1.0, 1e-5)


def test_plausible_ranges_are_asked_for() -> None:
    table = _made(50)
    bare = [Column("age", Kind.CONTINUOUS) if column.name == "age" else column for column in table.schema.columns]
    with pytest.raises(NotApplicable, match="plausible range of 'age'"):
        train_privately(PRIVATE, [table.with_schema(Schema(tuple(bare)))], 1.0, 1e-5)


def test_the_number_of_steps_is_known_beforehand() -> None:
    assert PRIVATE.steps() == 20
    assert replace(PRIVATE, patient_clip=None).steps() == 21
    assert replace(PRIVATE, patient_clip=None, scaling="spread").steps() == 23
