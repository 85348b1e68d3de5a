"""Rounds of every strategy, written once more in plain PyTorch with its own modules and optimiser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.conformance.examples.example import patients

from cohortium.analyse import NeuralNetwork, over_sites
from cohortium.analyse.neural.perceptron import Perceptron
from cohortium.records import Table

torch = pytest.importorskip("torch", reason="the extra 'learning' is not installed")

COVARIATES = ("age", "visits", "stage")
ROUNDS, RATE, EPOCHS, BATCH, DECAY = 6, 0.2, 2, 16, 0.01


def _sites() -> list[Table]:
    table = patients(240)
    order = np.argsort(table.numeric("age"), kind="stable")
    return [table.take(order[:50]), table.take(order[50:130]), table.take(order[130:])]


def _matrices() -> list[tuple[Any, Any]]:
    """Inputs and outcome of every site, standardised over all of them, written out column by column."""
    blocks = []
    for site in _sites():
        frame = site.to_pandas()
        columns = [frame["age"], frame["visits"], frame["stage"] == "II", frame["stage"] == "III", frame["relapse"]]
        blocks.append(np.stack([np.asarray(column, dtype=np.float64) for column in columns], axis=1))
    every = np.concatenate(blocks)[:, :-1]
    centre, scale = every.mean(axis=0), every.std(axis=0)
    return [(torch.tensor((b[:, :-1] - centre) / scale), torch.tensor(b[:, -1:])) for b in blocks]


def _module(seed: int = 3) -> Any:
    module = torch.nn.Sequential(torch.nn.Linear(4, 5), torch.nn.Tanh(), torch.nn.Linear(5, 1)).double()
    first, second = Perceptron((4, 5, 1), "tanh").layers(Perceptron((4, 5, 1), "tanh").initial(seed))
    with torch.no_grad():
        for layer, (matrix, bias) in ((module[0], first), (module[2], second)):
            layer.weight.copy_(torch.tensor(matrix.T.copy()))
            layer.bias.copy_(torch.tensor(bias))
    return module


def _flat(module: Any) -> Any:
    return torch.cat([p.detach().T.reshape(-1) if p.ndim == 2 else p.detach() for p in module.parameters()])


def _load(module: Any, flat: Any) -> None:
    start = 0
    with torch.no_grad():
        for p in module.parameters():
            stop = start + p.numel()
            p.copy_(flat[start:stop].reshape(p.T.shape).T if p.ndim == 2 else flat[start:stop])
            start = stop


def _slope(module: Any, X: Any, y: Any) -> Any:
    module.zero_grad()
    torch.nn.functional.binary_cross_entropy_with_logits(module(X), y).backward()
    grads = [p.grad.T.reshape(-1) if p.ndim == 2 else p.grad for p in module.parameters()]
    return torch.cat(grads) + DECAY * _flat(module)


def _descend(came: Any, X: Any, y: Any, number: int, pull: Callable[[Any], Any]) -> Any:
    module, at, rng = _module(), came.clone(), np.random.default_rng((3, 1 + number))
    for _ in range(EPOCHS):
        for places in np.array_split(rng.permutation(len(y)), -(-len(y) // BATCH)):
            _load(module, at)
            at = at - RATE * (_slope(module, X[places], y[places]) + pull(at))
    return at


def _reference(strategy: str) -> Any:
    sites = _matrices()
    rows = sum(len(y) for _, y in sites)
    weights = _flat(_module())
    controls = [torch.zeros_like(weights)] * len(sites)
    control, first, second = torch.zeros_like(weights), torch.zeros_like(weights), torch.full_like(weights, 1e-6)
    for number in range(ROUNDS):
        change = torch.zeros_like(weights)
        for place, (X, y) in enumerate(sites):
            pulls: dict[str, Callable[[Any], Any]] = {
                "fed_prox": lambda at, came=weights: 0.3 * (at - came),
                "scaffold": lambda _at, by=control - controls[place]: by,
            }
            arrived = _descend(weights, X, y, number, pulls.get(strategy, lambda _at: 0.0))
            change += len(y) / rows * (arrived - weights)
        module = _module()
        _load(module, weights)
        controls = [_slope(module, X, y) for X, y in sites]  # kept at the sites in the paper
        control = sum(len(y) / rows * own for (_, y), own in zip(sites, controls, strict=True))
        if strategy == "fed_adam":
            first, second = 0.9 * first + 0.1 * change, 0.99 * second + 0.01 * change**2
            weights = weights + 0.05 * first / (second.sqrt() + 1e-3)
        else:
            weights = weights + change
    return weights


@pytest.mark.parametrize("strategy", ["fed_avg", "fed_prox", "scaffold", "fed_adam"])
def test_rounds_are_those_of_a_plain_simulation(strategy: str) -> None:
    network = NeuralNetwork(
        "relapse", COVARIATES, hidden=(5,), strategy=strategy, rounds=ROUNDS, epochs=EPOCHS, batch=BATCH,
        learning_rate=RATE, server_rate=0.05 if strategy == "fed_adam" else 1.0, weight_decay=DECAY, proximal=0.3,
        seed=3, largest_update=1e6,
    )  # fmt: skip
    arrays = over_sites(network, _sites()).arrays
    names = ("layer_1_weights", "layer_1_biases", "layer_2_weights", "layer_2_biases")
    ours = np.concatenate([arrays[name].ravel() for name in names])
    start = _flat(_module()).numpy()
    reference = _reference(strategy).numpy()
    assert np.abs(reference - start).max() > 0.1  # something was learnt
    np.testing.assert_allclose(ours, reference, atol=1e-9)


def test_the_shared_body_is_that_of_a_plain_simulation() -> None:
    """Federated reconstruction: heads from the same start every round, body by averaging."""
    sites, weights, body = _matrices(), _flat(_module()), 25
    rows = sum(len(y) for _, y in sites)
    for _ in range(3):
        change = torch.zeros_like(weights)
        for X, y in sites:
            module, at = _module(), weights.clone()
            for _ in range(7):
                _load(module, at)
                at[body:] -= RATE * _slope(module, X, y)[body:]
            came = at.clone()
            for _ in range(EPOCHS):
                _load(module, at)
                at[:body] -= RATE * _slope(module, X, y)[:body]
            change += len(y) / rows * (at - came)
        weights = weights + change
    network = NeuralNetwork(
        "relapse", COVARIATES, hidden=(5,), strategy="fed_recon", rounds=3, epochs=EPOCHS, learning_rate=RATE,
        weight_decay=DECAY, head_steps=7, seed=3,
    )  # fmt: skip
    arrays = over_sites(network, _sites()).arrays
    np.testing.assert_allclose(arrays["layer_1_weights"].ravel(), weights[:20].numpy(), atol=1e-9)
    np.testing.assert_array_equal(arrays["layer_2_weights"].ravel(), _flat(_module())[25:30].numpy())
