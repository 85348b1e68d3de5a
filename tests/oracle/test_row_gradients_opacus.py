"""Gradients of single patients beside those of Opacus, for dense layers and for convolutions."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

from cohortium.analyse.neural.architecture import Architecture
from cohortium.analyse.neural.convolution import ConvolutionalNetwork
from cohortium.analyse.neural.learner import Descent, Learner
from cohortium.analyse.neural.perceptron import Perceptron

torch = pytest.importorskip("torch", reason="the extra 'learning' is not installed")
pytest.importorskip("opacus", reason="Opacus is not installed")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from opacus.grad_sample import GradSampleModule

PATIENTS, CLIP = 25, 0.7
NETWORKS: list[tuple[Architecture, tuple[int, int, int] | None]] = [
    (Perceptron((6, 5, 4, 1), "tanh"), None),
    (ConvolutionalNetwork((8, 8, 2), (3, 4), (16, 5, 1), "tanh"), (8, 8, 2)),
]


def _module(shape: tuple[int, int, int] | None) -> Any:
    nn = torch.nn
    if shape is None:
        return nn.Sequential(nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 1)).double()
    folds = [nn.Conv2d(2, 3, 3, padding=1), nn.Tanh(), nn.AvgPool2d(2), nn.Conv2d(3, 4, 3, padding=1), nn.Tanh()]
    return nn.Sequential(*folds, nn.AvgPool2d(2), nn.Flatten(), nn.Linear(16, 5), nn.Tanh(), nn.Linear(5, 1)).double()


def _as_ours(values: Any, name: str, flat: Any) -> Any:
    """Weights of their layers, (rows, ...), in the order of our vector; ``flat`` is the first layer after an image."""
    rows = len(values)
    if values.ndim == 2:
        return values
    if values.ndim == 5:
        return values.permute(0, 3, 4, 2, 1).reshape(rows, -1)
    if name == flat:  # they flatten channel by channel, we row by row
        values = values.reshape(rows, 5, 4, 2, 2).permute(0, 3, 4, 2, 1)
        return values.reshape(rows, -1)
    return values.permute(0, 2, 1).reshape(rows, -1)


@pytest.mark.parametrize(("ours", "shape"), NETWORKS, ids=["dense", "convolutions"])
def test_each_clipped_gradient_is_the_same(ours: Architecture, shape: tuple[int, int, int] | None) -> None:
    rng = np.random.default_rng(3)
    torch.manual_seed(3)
    X = rng.normal(size=(PATIENTS, 6 if shape is None else int(np.prod(shape))))
    y = rng.integers(0, 2, PATIENTS).astype(np.float64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = _module(shape)
        theirs = GradSampleModule(module, loss_reduction="sum")
        flat = None if shape is None else "7.weight"
        weights = torch.cat([_as_ours(p[None], name, flat)[0] for name, p in module.named_parameters()])
        inputs = torch.from_numpy(X)
        if shape is not None:  # Opacus 1.6.0 gets images that lie channels last wrong, so they are copied
            inputs = inputs.reshape(-1, *shape).permute(0, 3, 1, 2).contiguous()
        losses = torch.nn.functional.binary_cross_entropy_with_logits(
            theirs(inputs)[:, 0], torch.from_numpy(y), reduction="sum"
        )
        losses.backward()
    each = [_as_ours(p.grad_sample, name, flat) for name, p in module.named_parameters()]
    slopes = torch.cat(each, dim=1).numpy()
    assert 0 < (np.linalg.norm(slopes, axis=1) < CLIP).sum() < PATIENTS, "some are clipped, and some are not"
    clipped = slopes * np.minimum(1.0, CLIP / np.linalg.norm(slopes, axis=1, keepdims=True))
    learner = Learner(ours, "binary", X, y, Descent(0.1, 1, None, 0.0, 1e9, (0,)))
    found = np.concatenate(list(learner.row_gradients(weights.detach().numpy(), CLIP)))
    np.testing.assert_allclose(found, clipped, atol=1e-12)
    picked = np.array([3, 11, 12])
    some = np.concatenate(list(learner.row_gradients(weights.detach().numpy(), CLIP, picked)))
    np.testing.assert_allclose(some, clipped[picked], atol=1e-12)
