from __future__ import annotations

import numpy as np

from cohortium.numerics.leading_axes import leading_axes


def test_finds_the_axes_of_an_ellipsoid(rng: np.random.Generator) -> None:
    turned = np.linalg.qr(rng.normal(size=(30, 30)))[0]
    points = rng.normal(size=(4_000, 30)) * np.r_[6, 3, np.ones(28)] @ turned.T
    points -= points.mean(axis=0)
    axes, explained = leading_axes(points, rng)
    _, spread, exact = np.linalg.svd(points, full_matrices=False)
    np.testing.assert_allclose(np.abs(exact[:2] @ axes), np.eye(2), atol=1e-6)
    np.testing.assert_allclose(explained, spread[:2] ** 2 / (spread**2).sum(), rtol=1e-9)
    assert (axes[np.abs(axes).argmax(axis=0), [0, 1]] > 0).all()


def test_nothing_varies(rng: np.random.Generator) -> None:
    assert leading_axes(np.zeros((10, 3)), rng)[1] == (0.0, 0.0)
    assert leading_axes(np.arange(10.0)[:, None], rng)[1] == (0.0, 0.0)
