"""Training with noise at every site: what a step adds, what leaves, what it costs, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from tests.unit.analyse.neural.test_private_training import _auc, _made

from cohortium.analyse import NeuralNetwork, drive
from cohortium.analyse.neural import FittedNetwork, spending, train_privately
from cohortium.analyse.neural.learner import Descent, Learner
from cohortium.analyse.neural.perceptron import Perceptron
from cohortium.analyse.neural.private_descent import PrivateDescent
from cohortium.analyse.neural.site_privacy import noisy_sums
from cohortium.errors import InvalidRequest, NotApplicable, ProtocolViolation, TooFewRecords
from cohortium.privacy.sampled_accounting import SampledSteps
from cohortium.privacy.secure_noise import InsecureNoise
from cohortium.records import PERSONS, Result, State, Sums, Table, agreed_schema, as_agreed

NETWORK = NeuralNetwork(
    "ill", ("age", "score", "sex"), hidden=(4,), rounds=8, learning_rate=2.0, scaling="range",
    patient_clip=1.0, lot=0.2, noise_multiplier=1.5, local_steps=4,
)  # fmt: skip
STEPS = PrivateDescent(lot=1.0, clip=0.4, noise=0.0, steps=5, rate=0.3, decay=0.1, expected=40.0)
SHAPE = Perceptron((3, 4, 2), "tanh")


def _noise(seed: int) -> InsecureNoise:
    return InsecureNoise(np.random.default_rng(seed))


def _learner(rows: int, seed: int = 0) -> Learner:
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, rows).astype(np.float64)
    return Learner(SHAPE, "classes", rng.normal(size=(rows, 3)), y, Descent(0.1, 1, None, 0.0, 1e9, (0,)))


def _trained(network: NeuralNetwork, tables: list[Table], seed: int, told: list[Sums] | None = None) -> Result:
    """As over sites, with noise that repeats; ``told`` gathers what the first site lets out."""
    schema = agreed_schema([table.schema for table in tables], network.columns(), tables)
    ready, source = [as_agreed(table, schema) for table in tables], _noise(seed)

    def total_of(state: State) -> Sums:
        network.check_step(state.facts["round"] + (state.step != "count"), state)
        parts = [noisy_sums(network, one, state, source) for one in ready]
        if told is not None:
            told.append(parts[0])
        total = parts[0]
        for part in parts[1:]:
            total = total + part
        return total

    return drive(network, schema, total_of)


@pytest.fixture
def torch() -> None:
    pytest.importorskip("torch", reason="the extra 'learning' is not installed")


@pytest.mark.usefixtures("torch")
def test_without_noise_and_with_all_in_the_lot_it_is_clipped_descent() -> None:
    learner, weights = _learner(40), SHAPE.initial(1)
    at = weights
    for _ in range(STEPS.steps):
        at = at - STEPS.rate * (learner.patient_gradients(at, STEPS.clip) / 40 + STEPS.decay * at)
    found = STEPS.moved(learner, weights, _noise(0))
    np.testing.assert_allclose(found, at - weights, atol=2e-3 * np.abs(at - weights).max())


@pytest.mark.usefixtures("torch")
@pytest.mark.parametrize("clip", [1e-6, 0.4, 1e3])
@pytest.mark.parametrize("scale", [0.1, 30.0])
def test_no_patient_moves_the_sum_by_more_than_the_clip(clip: float, scale: float) -> None:
    steps, learner, weights = replace(STEPS, clip=clip), _learner(30), scale * SHAPE.initial(2)
    everyone = np.arange(30)
    whole = steps.slope(learner, weights, everyone, _noise(0))
    lengths = []
    for row in everyone:
        without = steps.slope(learner, weights, everyone[everyone != row], _noise(0))
        lengths.append(float(np.linalg.norm(whole - without)))
    assert max(lengths) <= clip
    assert max(lengths) > 0.9 * clip or clip == 1e3


@pytest.mark.usefixtures("torch")
def test_noise_has_the_size_that_is_accounted_for() -> None:
    wide = Perceptron((200, 20, 1), "tanh")
    nobody = Learner(wide, "binary", np.zeros((0, 200)), np.zeros(0), Descent(0.1, 1, None, 0.0, 1e9, (0,)))
    steps = replace(STEPS, clip=0.3, noise=2.5)
    found = steps.slope(nobody, wide.initial(0), np.arange(0), _noise(0))
    assert found.std() == pytest.approx(2.5 * 0.3, rel=0.03)
    assert abs(found.mean()) < 4 * 2.5 * 0.3 / np.sqrt(len(found))


@pytest.mark.usefixtures("torch")
def test_patients_are_in_a_lot_with_the_chance_that_is_stated(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = np.zeros(400)

    def counting(_steps: Any, _learner: Any, weights: Any, rows: Any, _noise: Any) -> Any:
        seen[rows] += 1
        return np.zeros(len(weights))

    monkeypatch.setattr(PrivateDescent, "slope", counting)
    replace(STEPS, lot=0.3, steps=500).moved(_learner(400), SHAPE.initial(0), _noise(4))
    shares = seen / 500
    assert shares.mean() == pytest.approx(0.3, abs=0.004)
    assert shares.std() == pytest.approx(np.sqrt(0.3 * 0.7 / 500), rel=0.15)


@pytest.mark.usefixtures("torch")
def test_it_learns_and_says_what_it_cost() -> None:
    sites = [_made(1500, seed=1), _made(1500, seed=2), _made(600, seed=3)]
    answer = _trained(NETWORK, sites, seed=0)
    assert _auc(FittedNetwork.of(answer), _made(1000, seed=4)) > 0.85
    cost = NETWORK.site_cost()
    assert cost is not None
    assert (answer.facts["epsilon"], answer.facts["delta"]) == (cost.epsilon, 1e-6)
    assert f"epsilon {cost.epsilon:.3g} at delta 1e-06" in answer.facts["notes"][0]
    assert answer.persons == pytest.approx(3600, abs=30) and answer.persons != 3600


@pytest.mark.usefixtures("torch")
def test_nothing_leaves_without_noise_and_an_empty_site_looks_like_another() -> None:
    from_many: list[Sums] = []
    from_none: list[Sums] = []
    full, nobody = _made(900, seed=1), _made(900, seed=1).take([])
    _trained(NETWORK, [full, full], 3, from_many)
    _trained(NETWORK, [nobody, full, full], 3, from_none)
    assert [one.layout for one in from_many] == [one.layout for one in from_none]
    assert [set(one) for one in from_many] == [{PERSONS, "sites"}] + [{PERSONS, "sites", "update"}] * NETWORK.rounds
    assert len({one.persons for one in from_none[1:]}) == 1 and from_none[1].persons > 500
    assert min(float(np.abs(one["update"]).min()) for one in from_none[1:]) > 0


@pytest.mark.usefixtures("torch")
@pytest.mark.parametrize("rate", [1e80, 1e300])
def test_weights_that_grow_without_bound_are_no_failure(rate: float) -> None:
    """A site that failed would tell something of its noise, and be asked again."""
    wild = replace(STEPS, rate=rate, noise=3.0, lot=0.5).moved(_learner(30), SHAPE.initial(1), _noise(0))
    assert np.isfinite(wild).all()
    nowhere = replace(STEPS, expected=0.0, noise=3.0).moved(_learner(30), SHAPE.initial(1), _noise(0))
    assert np.isfinite(nowhere).all()


@pytest.mark.usefixtures("torch")
def test_a_hub_knows_how_sums_look_without_drawing_any() -> None:
    table = _made(50)
    schema = agreed_schema([table.schema], NETWORK.columns(), [table])
    first = NETWORK.start(schema)
    total = noisy_sums(NETWORK, as_agreed(table, schema), first, _noise(0))
    second = NETWORK.combine(total, first)
    assert isinstance(second, State)
    for state in (first, second):
        found = noisy_sums(NETWORK, as_agreed(table, schema), state, _noise(0))
        assert NETWORK.empty_sums(state).layout == found.layout


@pytest.mark.usefixtures("torch")
def test_further_visits_of_a_patient_add_nothing() -> None:
    once, often = (_trained(NETWORK, [_made(300, visits=visits)], 5) for visits in (1, 4))
    assert once.persons == often.persons
    np.testing.assert_array_equal(once.arrays["layer_1_weights"], often.arrays["layer_1_weights"])


@pytest.mark.usefixtures("torch")
def test_where_nobody_is_the_training_ends_after_the_count() -> None:
    for seed in range(8):
        try:
            answer = _trained(NETWORK, [_made(50).take([])], seed)
        except TooFewRecords:
            return
        assert answer.persons > 0  # noise that looks like somebody
    pytest.fail("the noisy count of nobody was above 0 eight times")


def test_the_cost_is_that_of_all_steps_and_a_fiftieth_for_the_count() -> None:
    cost = NETWORK.site_cost()
    training = SampledSteps(0.2, 1.5, 8 * 4).rho()
    assert cost is not None
    assert training * Fraction(101, 100) < cost.rho <= training * Fraction(51, 50)
    assert replace(NETWORK, delta=1e-4).site_cost().epsilon < cost.epsilon  # type: ignore[union-attr]
    assert replace(NETWORK, lot=None, noise_multiplier=None, local_steps=1).site_cost() is None


@pytest.mark.parametrize("epsilon", [0.2, 1.0, 4.0])
def test_noise_that_spends_a_budget_uses_it_up_and_no_more(epsilon: float) -> None:
    network = spending(replace(NETWORK, noise_multiplier=None), epsilon, 1e-5)
    cost = network.site_cost()
    assert cost is not None and network.delta == 1e-5
    assert 0.99 * epsilon < cost.epsilon <= epsilon
    with pytest.raises(InvalidRequest, match="lot"):
        spending(replace(NETWORK, lot=None), epsilon, 1e-5)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"noise_multiplier": None}, "noise_multiplier beside"),
        ({"patient_clip": None}, "patient_clip"),
        ({"lot": 1.5}, "up to 1"),
        ({"lot": 0.0}, "lot"),
        ({"noise_multiplier": 0.0}, "noise_multiplier"),
        ({"local_steps": 0}, "local_steps"),
        ({"local_steps": 1.5}, "whole numbers"),
        ({"lot": None}, "state the lot"),
        ({"scaling": "spread"}, "scaling 'range'"),
        ({"held_out": 0.2}, "held out"),
        ({"strategy": "scaffold"}, "fed_avg"),
        ({"delta": 1e-12}, "delta"),
        ({"patient_clip": float("inf")}, "patient_clip"),
    ],
)
def test_settings_that_hide_nobody_are_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidRequest, match=said):
        replace(NETWORK, **changes).site_cost()


def test_a_hub_can_ask_for_what_was_paid_alone() -> None:
    count, train = State("count"), State("train")
    NETWORK.check_step(0, count)
    NETWORK.check_step(8, train)
    for number, state in ((0, train), (1, count), (9, train), (3, State("judge")), (1, State("centre"))):
        with pytest.raises(ProtocolViolation, match="Nothing else was paid for"):
            NETWORK.check_step(number, state)


def test_noise_is_added_at_the_sites_or_in_the_sum_and_not_in_both() -> None:
    with pytest.raises(NotApplicable, match="'plain' or 'secure'"):
        train_privately(NETWORK, [_made(50)], 1.0, 1e-6)
