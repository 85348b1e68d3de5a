"""Every point of the frontier is the exact optimum, though most follow from others."""

from __future__ import annotations

import numpy as np
import pytest
from tests.lattices import made

from cohortium.anonymise.risk import frontier
from cohortium.anonymise.tables.models import KAnonymity
from cohortium.anonymise.tables.search import Question, search_exactly
from cohortium.anonymise.tables.tuples import distinct
from cohortium.errors import InvalidRequest

SIZES, SHARES = (2, 3, 5, 10, 40), (0.0, 0.02, 0.1, 0.3)


@pytest.mark.parametrize("seed", range(3))
def test_every_point_is_what_a_search_of_its_own_finds(seed: int) -> None:
    tuples, hierarchies = made(seed)
    found = frontier(tuples, hierarchies, sizes=SIZES, shares=SHARES)
    assert [(one.k, one.suppression) for one in found.points] == [(k, share) for k in SIZES for share in SHARES]
    assert found.searches <= len(found.points)
    for one in found.points:
        answer = search_exactly(Question(tuples, hierarchies, (KAnonymity(one.k),), suppression=one.suppression))
        assert one.loss == pytest.approx(answer.loss, abs=1e-12)
        assert one.left_out <= one.suppression * tuples.rows
        assert one.smallest >= one.k
        assert one.highest_risk <= 1 / one.k
        assert one.average_risk <= one.highest_risk


def test_more_protection_never_costs_less() -> None:
    tuples, hierarchies = made(1, rows=500)
    found = frontier(tuples, hierarchies, sizes=SIZES, shares=SHARES)
    losses = np.array([one.loss for one in found.points]).reshape(len(SIZES), len(SHARES))
    assert (np.diff(losses, axis=0) >= -1e-12).all()
    assert (np.diff(losses, axis=1) <= 1e-12).all()
    assert found.before.loss == 0.0
    assert found.before.smallest == 1


def test_searches_are_shared() -> None:
    values = np.repeat(np.arange(8), 25).astype(np.int32)
    _, hierarchies = made(0)
    found = frontier(distinct([values]), hierarchies[:1], sizes=(2, 5, 10, 20), shares=(0.0, 0.1))
    assert found.searches == 1
    assert {one.loss for one in found.points} == {0.0}


def test_figures_of_one_class() -> None:
    tuples, hierarchies = made(0, rows=60)
    found = frontier(tuples, hierarchies, sizes=(60,), shares=(0.0,))
    one = found.points[0]
    assert (one.classes, one.smallest, one.average_risk, one.class_size) == (1, 60, pytest.approx(1 / 60), 1.0)
    assert one.discernibility == 60


def test_sizes_that_the_table_has_not_are_left_away() -> None:
    tuples, hierarchies = made(0, rows=60)
    found = frontier(tuples, hierarchies, sizes=(2, 61), shares=(0.0,))
    assert {one.k for one in found.points} == {2}
    with pytest.raises(InvalidRequest, match="too few persons"):
        frontier(tuples, hierarchies, sizes=(61,), shares=(0.0, 1.0))


def test_persons_are_counted_and_not_rows() -> None:
    values = np.repeat(np.arange(4), 30).astype(np.int32)
    persons = np.repeat(np.arange(12), 10)
    _, hierarchies = made(0)
    tuples = distinct([values], persons=persons)
    found = frontier(tuples, hierarchies[:1], sizes=(3, 4), shares=(0.0,))
    assert [one.smallest for one in found.points] == [3, 6]
