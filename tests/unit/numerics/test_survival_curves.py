from __future__ import annotations

import numpy as np
import pytest

from cohortium.errors import TooFewRecords
from cohortium.numerics.cox import cox
from cohortium.numerics.survival_curves import concordance, kaplan_meier, log_rank, mean_gap


def test_a_curve_by_hand() -> None:
    """Five persons: deaths at 1, 3, 3; censored at 2 and 5."""
    curve = kaplan_meier(np.array([1.0, 2, 3, 3, 5]), np.array([True, False, True, True, False]))
    np.testing.assert_array_equal(curve.times, [1, 3])
    np.testing.assert_allclose(curve.survival, [0.8, 0.8 / 3])
    np.testing.assert_array_equal(curve.at_risk, [5, 3])
    np.testing.assert_allclose(curve.at(np.array([0.0, 0.99, 1.0, 2.9, 3.0, 99.0])), [1, 1, 0.8, 0.8, 0.8 / 3, 0.8 / 3])


def test_nobody_dies_or_everybody() -> None:
    none = kaplan_meier(np.array([1.0, 2.0]), np.array([False, False]))
    assert none.at(np.array([5.0]))[0] == 1.0
    everybody = kaplan_meier(np.array([1.0, 2.0]), np.array([True, True]))
    assert everybody.survival[-1] == 0.0
    assert np.isfinite(everybody.variance).all()
    absolute, signed = mean_gap(none, everybody, 4.0)
    assert (absolute, signed) == (pytest.approx(2.5 / 4), pytest.approx(-2.5 / 4))


def test_concordance_by_hand() -> None:
    times, events = np.array([1.0, 2, 3, 4]), np.array([True, False, True, False])
    # Known pairs: 1 before 2, 3 and 4; 3 before 4.
    assert concordance(times, events, np.array([4.0, 3, 2, 1])) == 1.0
    assert concordance(times, events, np.array([1.0, 2, 3, 4])) == 0.0
    assert concordance(times, events, np.array([1.0, 1, 1, 1])) == 0.5
    assert concordance(times, events, np.array([4.0, 3, 1, 2])) == 0.75


def test_two_that_die_together_have_no_order() -> None:
    with pytest.raises(TooFewRecords):
        concordance(np.array([1.0, 1.0]), np.array([True, True]), np.array([1.0, 2.0]))
    assert concordance(np.array([1.0, 1.0]), np.array([True, False]), np.array([2.0, 1.0])) == 1.0


def test_too_few_say_so() -> None:
    with pytest.raises(TooFewRecords, match="under observation"):
        log_rank(np.array([1.0, 2.0]), np.array([False, False]), np.array([True, False]))
    with pytest.raises(TooFewRecords, match="at least one event"):
        cox(np.ones((3, 1)), np.arange(3.0), np.zeros(3, bool))
    curve = kaplan_meier(np.array([0.0]), np.array([True]))
    with pytest.raises(TooFewRecords, match="no length"):
        mean_gap(curve, curve, 0.0)


def test_a_ridge_holds_a_covariate_that_separates() -> None:
    X = np.repeat([0.0, 1.0], 20)[:, None]
    durations = np.where(X[:, 0] > 0, 1.0, 9.0) + np.arange(40) / 100
    found = cox(X, durations, np.ones(40, bool), ridge=1.0)
    assert 1 < found.coefficients[0] < 20
