"""Utility metrics on tables small enough to count by hand, and at their ends."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tests.lattices import halving, made

from cohortium.anonymise.tables.models import Classes
from cohortium.anonymise.tables.recoding import Recoding
from cohortium.anonymise.tables.tuples import distinct
from cohortium.anonymise.tables.utility import (
    ambiguity,
    average_class_size,
    class_accuracy,
    discernibility,
    non_uniform_entropy,
    precision,
)
from cohortium.errors import NotApplicable

HIERARCHIES = (halving("age", 4), halving("sex", 2))
TUPLES = distinct(
    [np.array([0, 0, 0, 1, 2, 3], dtype=np.int32), np.array([0, 0, 0, 0, 1, 1], dtype=np.int32)],
    {"illness": np.array([0, 0, 1, 0, 1, 1], dtype=np.int32)},
)


def recoded(levels: tuple[int, int], out: float = 0.0) -> Recoding:
    """All at these levels; of the tuples, the last share ``out`` is left out."""
    left_out = np.arange(len(TUPLES)) >= round(len(TUPLES) * (1 - out))
    return Recoding(np.tile(np.array(levels, dtype=np.int8), (len(TUPLES), 1)), left_out, 0.0)


def test_exact_loses_nothing_and_hidden_everything() -> None:
    for kept, lost, most in ((1.0, 0.0, 1.0), (0.0, 1.0, 8.0)):
        for done in [recoded((0, 0))] if kept else [recoded((2, 1)), recoded((0, 0), 1.0)]:
            assert precision(done, TUPLES, HIERARCHIES) == pytest.approx(kept)
            assert non_uniform_entropy(done, TUPLES, HIERARCHIES) == pytest.approx(lost)
            assert ambiguity(done, TUPLES, HIERARCHIES) == pytest.approx(most)


def test_half_way_by_hand() -> None:
    done = recoded((1, 0))
    assert precision(done, TUPLES, HIERARCHIES) == pytest.approx(3 / 4)
    assert ambiguity(done, TUPLES, HIERARCHIES) == pytest.approx(2)
    lost = 3 * math.log(4 / 3) + math.log(4) + 2 * math.log(2)
    whole = 3 * math.log(2) + 3 * math.log(6) + 4 * math.log(6 / 4) + 2 * math.log(3)
    assert non_uniform_entropy(done, TUPLES, HIERARCHIES) == pytest.approx(lost / whole)


def test_to_merge_a_rare_value_with_a_frequent_one_costs_less_than_two_equal_ones() -> None:
    hierarchies = (halving("a", 2),)
    rare, equal = (distinct([np.repeat([0, 1], counts).astype(np.int32)]) for counts in ([95, 5], [50, 50]))
    hidden = Recoding(np.array([[1], [1]], dtype=np.int8), np.array([False, False]), 0.0)
    assert rare.rows * math.log(2) == pytest.approx(equal.rows * math.log(2))
    assert non_uniform_entropy(hidden, rare, hierarchies) == pytest.approx(1.0)
    same = distinct([np.zeros(9, dtype=np.int32)])
    assert non_uniform_entropy(Recoding(np.array([[1]], dtype=np.int8), np.array([False]), 0.0), same, hierarchies) == 0


@pytest.mark.parametrize("seed", range(4))
def test_a_coarser_node_is_worse_by_every_metric(seed: int) -> None:
    tuples, hierarchies = made(seed)
    before = (2.0, -1.0, 0.0)
    for level in range(3):
        levels = np.tile(np.array([level, level, level], dtype=np.int8), (len(tuples), 1))
        done = Recoding(levels, np.zeros(len(tuples), dtype=bool), 0.0)
        now = (
            precision(done, tuples, hierarchies),
            non_uniform_entropy(done, tuples, hierarchies),
            ambiguity(done, tuples, hierarchies),
        )
        assert now[0] < before[0]
        assert now[1] > before[1]
        assert now[2] > before[2]
        before = now


def test_discernibility_and_class_size_by_hand() -> None:
    sizes = np.array([2, 3])
    assert discernibility(sizes, 0) == 13
    assert discernibility(sizes, 5) == 13 + 5 * 10
    assert discernibility(np.empty(0, dtype=np.int64), 4) == 16
    assert average_class_size(sizes) == 2.5
    assert average_class_size(sizes, 2) == 1.25


def test_guesses_within_classes() -> None:
    one_class_each = Classes.of(np.array([0, 0, 1, 1])[TUPLES.codes[:, 0]], TUPLES)
    found = class_accuracy(one_class_each, "illness")
    assert (found.within, found.baseline, found.rows) == (pytest.approx(5 / 6), pytest.approx(0.5), 6)
    together = class_accuracy(Classes.of(np.zeros(len(TUPLES), dtype=np.int32), TUPLES), "illness")
    assert together.within == together.baseline


def test_of_nothing_there_is_no_average() -> None:
    with pytest.raises(NotApplicable):
        average_class_size(np.empty(0, dtype=np.int64))
