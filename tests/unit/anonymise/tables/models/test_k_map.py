from __future__ import annotations

import math

import numpy as np
import pytest

from cohortium.anonymise.tables.models import Classes, KMap
from cohortium.anonymise.tables.models.k_map import Estimator
from cohortium.anonymise.tables.tuples import Tuples
from cohortium.errors import InvalidRequest


def classes_of(rows: list[int], population: list[int] | None = None) -> Classes:
    codes = np.arange(len(rows), dtype=np.int32)
    known = None if population is None else np.array(population)
    return Classes.of(codes, Tuples(codes[:, None], np.array(rows), np.empty(0, dtype=np.int64), {}, population=known))


def test_one_person_of_many_is_hidden_among_those_who_are_not_in_the_table() -> None:
    assert KMap(5).fails(classes_of([1, 1, 4], [5, 4, 900])).tolist() == [False, True, False]


def test_without_a_population_it_says_what_is_missing() -> None:
    with pytest.raises(InvalidRequest, match="no table of them"):
        KMap(5).fails(classes_of([1]))
    with pytest.raises(InvalidRequest, match="fewer persons than the table"):
        KMap(5, population=3).fails(classes_of([2, 2]))


@pytest.mark.parametrize("estimator", ["poisson", "zero_truncated_poisson"])
@pytest.mark.parametrize(("k", "fraction"), [(5, 0.1), (20, 0.05), (50, 0.3), (10, 0.9)])
def test_a_class_of_k_rarely_shows_as_many_as_are_asked_for(estimator: Estimator, k: int, fraction: float) -> None:
    """By simulation of classes of k persons, of which a part is drawn."""
    model = KMap(k, population=10, estimator=estimator, significance=0.05)
    needed = model.needed(fraction)
    drawn = np.random.default_rng(2).poisson(k * fraction, 400_000)
    if estimator == "zero_truncated_poisson":
        drawn = drawn[drawn > 0]
    assert needed == k or (drawn >= needed).mean() <= 0.05 + 4 * math.sqrt(0.05 / len(drawn))
    assert (drawn >= needed - 1).mean() > 0.05


def test_no_more_is_asked_for_than_k_in_the_table() -> None:
    assert KMap(5, population=100).needed(1.0) == 5
    assert KMap(5, population=100).needed(0.01) < 5


@pytest.mark.parametrize("settings", [{"k": 1}, {"significance": 0.0}, {"estimator": "guess"}])
def test_settings_that_make_no_sense(settings: dict[str, object]) -> None:
    with pytest.raises(InvalidRequest):
        KMap(**{"k": 5, **settings})  # type: ignore[arg-type]
