"""Networks of images against PyTorch's own modules: what they compute, their gradients, and rounds of training."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from tests.conformance.examples.neural import pictured

from cohortium.analyse import NeuralNetwork, over_sites
from cohortium.analyse.neural.convolution import ConvolutionalNetwork, pooled_size
from cohortium.analyse.neural.framework import one_thread
from cohortium.analyse.neural.learner import Descent, Learner
from cohortium.records import Table

torch = pytest.importorskip("torch", reason="the extra 'learning' is not installed")

ROUNDS, RATE, EPOCHS, BATCH, DECAY = 3, 0.2, 2, 16, 0.01


@pytest.fixture(autouse=True)
def one() -> Iterator[None]:
    with one_thread():
        yield


def _network(shape: tuple[int, int, int], filters: tuple[int, ...], activation: str, extra: int) -> Any:
    sizes = (pooled_size(shape, filters) + extra, 4, 2)
    return ConvolutionalNetwork(shape, filters, sizes, activation)


class _Module(torch.nn.Module):  # type: ignore[misc, name-defined, unused-ignore]
    """The same network of PyTorch's layers; pictures and other inputs come apart."""

    def __init__(self, network: ConvolutionalNetwork) -> None:
        super().__init__()
        folds = pairwise((network.shape[2], *network.filters))
        self.folds = torch.nn.ModuleList([torch.nn.Conv2d(a, b, 3, padding="same") for a, b in folds]).double()
        self.dense = torch.nn.ModuleList([torch.nn.Linear(a, b) for a, b in pairwise(network.sizes)]).double()
        self.activate = torch.tanh if network.activation == "tanh" else torch.relu
        self.area = int(np.prod(network.shape))
        self.shape = network.shape

    def forward(self, X: Any) -> Any:
        images = X[:, : self.area].reshape(len(X), *self.shape).movedim(3, 1)
        for fold in self.folds:
            images = torch.nn.functional.avg_pool2d(self.activate(fold(images)), 2)
        found = torch.cat([images.movedim(1, 3).flatten(1), X[:, self.area :]], dim=1)
        for place, layer in enumerate(self.dense):
            found = layer(found) if place == len(self.dense) - 1 else self.activate(layer(found))
        return found

    def load(self, flat: Any) -> None:
        start = 0
        with torch.no_grad():
            for layer in (*self.folds, *self.dense):
                stop = start + layer.weight.numel()
                layer.weight.copy_(_turned(flat[start:stop], layer.weight.shape))
                layer.bias.copy_(flat[stop : stop + len(layer.bias)])
                start = stop + len(layer.bias)
        assert start == len(flat)

    def slope(self) -> Any:
        grads = [(layer.weight.grad, layer.bias.grad) for layer in (*self.folds, *self.dense)]
        return torch.cat([part for weight, bias in grads for part in (_flat(weight), bias)])


def _turned(flat: Any, shape: Any) -> Any:
    """Our rows are inputs (place by place, channel by channel), PyTorch's are outputs."""
    if len(shape) == 2:
        return flat.reshape(shape[1], shape[0]).T
    return flat.reshape(3, 3, shape[1], shape[0]).permute(3, 2, 0, 1)


def _flat(weight: Any) -> Any:
    return (weight.T if weight.ndim == 2 else weight.permute(2, 3, 1, 0)).reshape(-1)


CASES = [
    ((8, 8, 1), (3,), "tanh", 0),
    ((9, 7, 3), (3, 4), "relu", 2),
    ((12, 10, 1), (2, 5), "tanh", 1),
    ((5, 4, 3), (), "tanh", 1),
]


@pytest.mark.parametrize(("shape", "filters", "activation", "extra"), CASES)
def test_outputs_in_numpy_and_in_pytorch_are_those_of_its_modules(
    shape: tuple[int, int, int], filters: tuple[int, ...], activation: str, extra: int, rng: np.random.Generator
) -> None:
    network = _network(shape, filters, activation, extra)
    weights, X = network.initial(1), rng.normal(size=(7, int(np.prod(shape)) + extra))
    weights += rng.normal(0, 0.1, len(weights))  # biases, too
    module = _Module(network)
    module.load(torch.tensor(weights))
    expected = module(torch.tensor(X)).detach().numpy()
    np.testing.assert_allclose(network.evaluate(weights, X), expected, atol=1e-12)
    activate = torch.tanh if activation == "tanh" else torch.relu
    np.testing.assert_allclose(network.outputs(torch.tensor(weights), torch.tensor(X), activate), expected, atol=1e-12)


@pytest.mark.parametrize(("shape", "filters", "activation", "extra"), CASES)
def test_gradients_are_those_of_its_modules_for_all_rows_and_for_each(
    shape: tuple[int, int, int],
    filters: tuple[int, ...],
    activation: str,
    extra: int,
    rng: np.random.Generator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    network = _network(shape, filters, activation, extra)
    weights, X = network.initial(1), rng.normal(size=(11, int(np.prod(shape)) + extra))
    y = rng.integers(0, 2, 11).astype(np.float64)
    learner = Learner(network, "classes", X, y, Descent(0.1, 1, None, 0.0, 1e9, (0,)))
    module = _Module(network)
    module.load(torch.tensor(weights))
    each = []
    for row, outcome in zip(torch.tensor(X), torch.tensor(y), strict=True):
        module.zero_grad()
        torch.nn.functional.cross_entropy(module(row[None]), outcome[None].long()).backward()
        each.append(module.slope().numpy())
    clip = float(np.median([np.linalg.norm(slope) for slope in each]))
    clipped = sum(slope * min(1.0, clip / np.linalg.norm(slope)) for slope in each)
    for at_once in (4_000_000, 3 * max(network.width, len(weights))):  # all rows together, and three by three
        monkeypatch.setattr("cohortium.analyse.neural.learner.AT_ONCE", at_once)
        np.testing.assert_allclose(learner.gradient(weights), np.mean(each, axis=0), atol=1e-12)
        np.testing.assert_allclose(learner.patient_gradients(weights, clip), clipped, atol=1e-12)


def _sites() -> list[Table]:
    table = pictured(100)
    order = np.argsort(table.numeric("age"), kind="stable")
    return [table.take(order[:30]), table.take(order[30:60]), table.take(order[60:])]


def _matrices() -> list[tuple[Any, Any]]:
    blocks = []
    for site in _sites():
        known = ~site.missing("scan")
        scans = site.pixels("scan")[known].reshape(int(known.sum()), -1) / 127.5 - 1.0
        blocks.append((scans, site.numeric("age")[known], site.codes("relapse")[0][known]))
    ages = np.concatenate([age for _, age, _ in blocks])
    return [
        (torch.tensor(np.column_stack([scans, (age - ages.mean()) / ages.std()])), torch.tensor(y * 1.0)[:, None])
        for scans, age, y in blocks
    ]


def test_rounds_are_those_of_a_plain_simulation() -> None:
    settings = NeuralNetwork(
        "relapse", ("age",), image="scan", filters=(3, 4), hidden=(5,), rounds=ROUNDS, epochs=EPOCHS, batch=BATCH,
        learning_rate=RATE, weight_decay=DECAY, seed=3, largest_update=1e6,
    )  # fmt: skip
    arrays = over_sites(settings, _sites()).arrays
    ours = np.concatenate(
        [arrays[f"layer_{at}_{part}"].ravel() for at in range(1, 5) for part in ("weights", "biases")]
    )
    network = ConvolutionalNetwork((9, 8, 1), (3, 4), (2 * 2 * 4 + 1, 5, 1), "tanh")
    sites, module = _matrices(), _Module(network)
    start = weights = torch.tensor(network.initial(3))
    rows = sum(len(y) for _, y in sites)
    for number in range(ROUNDS):
        change = torch.zeros_like(weights)
        for X, y in sites:
            at, rng = weights.clone(), np.random.default_rng((3, 1 + number))
            for _ in range(EPOCHS):
                for places in np.array_split(rng.permutation(len(y)), -(-len(y) // BATCH)):
                    module.load(at)
                    module.zero_grad()
                    torch.nn.functional.binary_cross_entropy_with_logits(module(X[places]), y[places]).backward()
                    at = at - RATE * (module.slope() + DECAY * at)
            change += len(y) / rows * (at - weights)
        weights = weights + change
    assert float((weights - start).abs().max()) > 0.1  # something was learnt
    np.testing.assert_allclose(ours, weights.numpy(), atol=1e-8)
