"""What margins tell about blanked cells, found by linear programming: never a small count."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linprog

from cohortium.privacy.suppression import suppressed

SMALLEST = 10


def small(counts: np.ndarray) -> np.ndarray:
    return (counts > 0) & (counts < SMALLEST)


def span(counts: np.ndarray, blank: np.ndarray, cell: tuple[int, ...]) -> float:
    """How far apart the smallest and largest number are that a cell may be, for who sees the rest and all margins."""
    places = np.argwhere(blank)
    rows, right = [], []
    for axis in range(counts.ndim):
        others = [a for a in range(counts.ndim) if a != axis]
        for line in {tuple(place[others]) for place in places}:
            members = [(place[others] == line).all() for place in places]
            rows.append(np.array(members, dtype=float))
            right.append(sum(counts[tuple(p)] for p, member in zip(places, members, strict=True) if member))
    wanted = np.array([(place == cell).all() for place in places], dtype=float)
    ends = [linprog(sign * wanted, A_eq=np.array(rows), b_eq=right, bounds=(0, None)) for sign in (1, -1)]
    assert all(end.status == 0 for end in ends)
    return -ends[1].fun - ends[0].fun


@pytest.mark.parametrize("shape", [(6,), (4, 5), (2, 2), (3, 1, 4), (2, 3, 4)])
@pytest.mark.parametrize("seed", range(6))
def test_no_small_count_can_be_worked_out(shape: tuple[int, ...], seed: int) -> None:
    counts = np.random.default_rng(seed).negative_binomial(1, 0.02, size=shape)
    blank = suppressed(counts, small(counts), SMALLEST)
    assert blank[small(counts)].all()
    if blank.all():
        return
    squeezed, hidden = counts.squeeze(), blank.squeeze()
    for cell in np.argwhere(small(squeezed)):
        assert span(squeezed, hidden, tuple(cell)) >= SMALLEST - 1e-6


def test_the_attack_finds_a_cell_that_is_blanked_alone() -> None:
    counts = np.array([[50, 3], [40, 60]])
    assert span(counts, small(counts), (0, 1)) == 0


def test_one_more_cell_is_enough_in_a_row() -> None:
    assert suppressed(np.array([3, 50, 20, 90]), np.array([True, False, False, False]), 10).tolist() == [
        True, False, True, False,
    ]  # fmt: skip


def test_nothing_small_means_nothing_blanked() -> None:
    counts = np.array([[50, 0], [40, 60]])
    assert not suppressed(counts, small(counts), 10).any()


def test_all_is_blanked_where_nothing_hides_a_cell() -> None:
    counts = np.array([[3, 0], [0, 2]])
    assert suppressed(counts, small(counts), 10).all()


def test_a_table_of_a_single_cell_hides_behind_nothing() -> None:
    assert suppressed(np.array([[3]]), np.array([[True]]), 10).tolist() == [[True]]


def test_a_thousand_levels_take_no_time() -> None:
    counts = np.random.default_rng(0).negative_binomial(1, 0.01, size=1000)
    blank = suppressed(counts, small(counts), 10)
    assert small(counts).sum() <= blank.sum() <= small(counts).sum() + 2
