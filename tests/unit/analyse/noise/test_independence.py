"""Independence under noise: the test keeps its level where Pearson's does not, and still finds what is there."""

from __future__ import annotations

import numpy as np
import pytest

from cohortium.analyse.contingency import independence
from cohortium.analyse.noise.independence import closest_product, noisy_independence

ROWS, COLUMNS = np.array([0.5, 0.3, 0.2]), np.array([0.4, 0.35, 0.15, 0.1])
DEVIATION = 12.0


def tables(count: int, persons: int, rng: np.random.Generator, tilt: float = 0.0) -> np.ndarray:
    """Noisy counts (count, 3, 4) of persons whose two columns are independent but for ``tilt``."""
    shares = np.outer(ROWS, COLUMNS)
    shares[0, 0] += tilt
    shares[1, 1] += tilt
    drawn = rng.multinomial(persons, (shares / shares.sum()).ravel(), count).reshape(count, 3, 4)
    return np.rint(drawn + rng.normal(0, DEVIATION, drawn.shape)).astype(np.int64)


@pytest.mark.parametrize("persons", [400, 2_000])
def test_it_rejects_one_independent_table_in_twenty(persons: int) -> None:
    drawn = tables(800, persons, np.random.default_rng(0))
    rejected = np.mean([noisy_independence(cells, DEVIATION)["p"] < 0.05 for cells in drawn])
    assert 0.025 < rejected < 0.08  # three standard errors of the simulation and a little
    naive = np.mean([independence(np.maximum(cells, 0))["p"] < 0.05 for cells in drawn])
    assert naive > 0.3  # what clipping and Pearson's test would do


def test_it_finds_an_association() -> None:
    drawn = tables(300, 3_000, np.random.default_rng(1), tilt=0.08)
    assert np.mean([noisy_independence(cells, DEVIATION)["p"] < 0.05 for cells in drawn]) > 0.9


def test_with_hardly_any_noise_it_is_pearsons() -> None:
    cells = np.random.default_rng(2).multinomial(50_000, np.outer(ROWS, COLUMNS).ravel()).reshape(3, 4)
    found, usual = noisy_independence(cells, 0.5), independence(cells)
    assert found["chi_square"] == pytest.approx(usual["chi_square"], rel=0.02)
    assert found["df"] == usual["df"]


def test_the_fit_is_the_closest_product() -> None:
    cells = tables(1, 900, np.random.default_rng(3))[0].astype(np.float64)
    fit = closest_product(cells, DEVIATION**2)
    assert np.linalg.matrix_rank(fit, tol=1e-6) == 1
    weights = 1 / (np.maximum(fit, 0) + DEVIATION**2)
    least = (weights * (cells - fit) ** 2).sum()
    rng = np.random.default_rng(4)
    left, values, right = np.linalg.svd(fit)
    for _ in range(50):
        down, across = (side + rng.normal(0, 0.01, len(side)) for side in (left[:, 0], right[0]))
        assert (weights * (cells - values[0] * np.outer(down, across)) ** 2).sum() >= least - 1e-9


@pytest.mark.parametrize("cells", [np.zeros((2, 2)), np.full((2, 3), -4), np.array([[3, -2], [1, 4]]), np.ones((1, 3))])
def test_what_noise_outweighs_is_not_tested(cells: np.ndarray) -> None:
    found = noisy_independence(cells.astype(np.int64), DEVIATION)
    assert found["p"] is None
    assert "cannot be tested" in found["notes"][0]
