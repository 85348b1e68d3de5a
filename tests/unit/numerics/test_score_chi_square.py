"""The chi-square of scores beside its plain formula, and where scores follow from each other or are all known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi2

from cohortium.numerics.score_chi_square import score_chi_square


def test_independent_scores_add_their_squares() -> None:
    statistic, freedom, p = score_chi_square(np.array([3.0, -2.0]), np.diag([9.0, 1.0]))
    assert freedom == 2
    assert statistic == pytest.approx(1.0 + 4.0)
    assert p == pytest.approx(chi2.sf(5.0, 2))


def test_scores_that_sum_to_zero_lose_a_degree_of_freedom() -> None:
    statistic, freedom, _ = score_chi_square(np.array([2.0, -2.0]), np.array([[4.0, -4.0], [-4.0, 4.0]]))
    assert freedom == 1
    assert statistic == pytest.approx(2.0**2 / 4.0)


def test_scores_that_cannot_vary_have_no_test() -> None:
    assert score_chi_square(np.zeros(3), np.zeros((3, 3))) == (None, 0, None)
