from __future__ import annotations

import numpy as np
import pytest

from cohortium.anonymise.tables.models import AverageRisk, HighestRisk, PopulationUniqueness, ReleaseModel
from cohortium.errors import InvalidRequest

SIZES = np.array([1, 1, 2, 6, 10])


def test_average_risk_is_classes_over_persons() -> None:
    assert AverageRisk(0.25).holds(SIZES)
    assert not AverageRisk(0.2499).holds(SIZES)


def test_highest_risk_is_that_of_the_smallest_class() -> None:
    assert HighestRisk(0.5).holds(SIZES[2:])
    assert not HighestRisk(0.5).holds(SIZES)
    assert HighestRisk(1 / 3).holds(np.array([3, 4]))


@pytest.mark.parametrize("estimator", ["dankar", "pitman", "zayatz", "snb"])
def test_population_uniqueness_of_a_release_with_nobody_alone_is_none(estimator: str) -> None:
    assert PopulationUniqueness(0.0, 1_000, estimator).holds(np.array([2, 3, 4]))  # type: ignore[arg-type]


def test_what_cannot_be_estimated_does_not_hold() -> None:
    assert not PopulationUniqueness(0.9, 1_000, "pitman").holds(np.ones(20, dtype=np.int64))


@pytest.mark.parametrize("model", [AverageRisk(0.1), HighestRisk(0.1), PopulationUniqueness(0.1, 100)])
def test_of_nobody_every_model_holds(model: ReleaseModel) -> None:
    assert isinstance(model, ReleaseModel)
    assert model.holds(np.empty(0, dtype=np.int64))
    assert model.sensitive == ()
    assert len(str(model)) > 20


@pytest.mark.parametrize("bound", [0.0, 1.1, -1.0])
def test_bounds_that_make_no_sense(bound: float) -> None:
    for model in (AverageRisk, HighestRisk):
        with pytest.raises(InvalidRequest):
            model(bound)
    with pytest.raises(InvalidRequest):
        PopulationUniqueness(1.0, 100)
    with pytest.raises(InvalidRequest):
        PopulationUniqueness(0.1, 100, "guess")  # type: ignore[arg-type]
