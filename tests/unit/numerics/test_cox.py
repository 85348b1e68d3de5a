"""Cox regression where the likelihood has no maximum within reach."""

from __future__ import annotations

import numpy as np
import pytest

from cohortium.errors import NotConverged
from cohortium.numerics.cox import _partial_likelihood, cox


def test_a_step_beyond_what_numbers_hold_is_no_better() -> None:
    """The longest followed vanish beside the others, so nobody seems to be at risk at their event."""
    durations, events = np.array([3.0, 2.0, 1.0]), np.array([True, True, True])
    X = np.array([[-1.0], [0.0], [1.0]])
    value, _, _ = _partial_likelihood(X, durations, events, np.array([-2_000.0, 0.0, 0.0]))
    assert value == -np.inf


def test_a_covariate_that_tells_who_dies_first_is_said_not_to_settle_or_kept_by_a_ridge() -> None:
    rng = np.random.default_rng(0)
    durations = np.sort(rng.exponential(100, 200))
    events = rng.random(200) < 0.7
    X = np.column_stack([-1e3 * np.arange(200.0), rng.normal(size=200)])
    with pytest.raises(NotConverged, match="did not settle"):
        cox(X, durations, events)
    fitted = cox(X / 1e4, durations, events, ridge=1.0)
    assert np.isfinite(fitted.coefficients).all()
