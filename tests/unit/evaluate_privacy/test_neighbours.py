from __future__ import annotations

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from cohortium.numerics import neighbours
from cohortium.numerics.neighbours import any_alike, coordinates, fingerprints, nearest, width


def test_neighbours_are_those_of_an_exact_search(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "BLOCK_CELLS", 5_000)  # several blocks
    queries, references = (rng.normal(size=(n, 6)).astype(np.float32) for n in (150, 400))
    distances, places = nearest(queries, references, 4)
    expected, where = NearestNeighbors(n_neighbors=4, algorithm="brute").fit(references).kneighbors(queries)
    assert np.allclose(distances, expected, atol=1e-5)
    assert (places == where).mean() > 0.99


def test_equal_rows_are_exactly_zero_apart_however_far_from_the_origin(rng: np.random.Generator) -> None:
    rows = (1_000 + rng.normal(size=(300, 20))).astype(np.float32)
    distances, _ = nearest(rows[:50], rows)
    assert (distances == 0).all()


def test_neighbours_of_the_own_group_do_not_count() -> None:
    points = np.array([[0.0], [0.1], [5.0]], np.float32)
    person = np.array([0, 0, 1])
    distances, places = nearest(points, points, groups=(person, person))
    assert places[:, 0].tolist() == [2, 2, 1]
    assert np.allclose(distances[:, 0], [5.0, 4.9, 4.9])


def test_fewer_references_than_asked_for_leave_infinite_distances() -> None:
    point = np.zeros((1, 2), np.float32)
    distances, places = nearest(point, point, 3)
    assert distances[0].tolist() == [0.0, np.inf, np.inf] and places[0].tolist() == [0, -1, -1]
    assert np.isinf(nearest(point, np.zeros((0, 2), np.float32))[0]).all()


def test_two_levels_lie_one_apart_and_numbers_as_far_as_the_records_between_them() -> None:
    table = np.array([[0, 10.0], [1, 10.0], [np.nan, 10.0], [0, 20.0], [0, np.nan]])
    points = coordinates([table], np.array([True, False]), table).values[0]
    gap = np.sqrt(((points[:, None] - points[None]) ** 2).sum(axis=2))
    assert gap[0, 1] == pytest.approx(1.0) and gap[0, 2] == pytest.approx(1.0)
    assert gap[0, 3] == pytest.approx(0.5)  # mid-ranks 3/8 and 7/8 of four known values
    assert gap[0, 4] > neighbours.MISSING_APART - 1e-6


def test_levels_beyond_the_frequent_ones_stay_apart_from_each_other() -> None:
    codes = np.arange(5_000.0)[:, None]
    space = coordinates([codes], np.array([True]), codes)
    assert space.values[0].shape[1] <= width([codes], np.array([True]))
    distances, _ = nearest(*(space.values[0],) * 2, groups=(np.arange(5_000),) * 2)
    assert distances.min() > 0.45 and distances.max() <= 1.0 + 1e-6


def test_fingerprints_agree_exactly_with_equality_of_rows(rng: np.random.Generator) -> None:
    rows = rng.integers(0, 3, (2_000, 4)).astype(float)
    rows[rng.random(rows.shape) < 0.1] = np.nan
    rows[0], rows[1] = [0.0, np.nan, 1.0, 2.0], [-0.0, -np.nan, 1.0, 2.0]
    keys = fingerprints(rows)
    assert keys[0] == keys[1]
    assert len(np.unique(keys)) == len({tuple(map(str, row + 0.0)) for row in rows})


def test_alike_rows_agree_in_every_column_within_its_tolerance() -> None:
    queries = np.array([[1.0, 2.0], [1.0, np.nan], [1.2, 2.0]])
    references = np.array([[1.05, 2.0], [1.0, np.nan]])
    assert any_alike(queries, references, np.array([0.1, 0.0])).tolist() == [True, True, False]
