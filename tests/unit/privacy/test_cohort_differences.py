"""Combinations of cohorts against counting them by hand."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from cohortium.privacy.cohort_differences import bitmap, isolates


def cohort(*places: int, persons: int = 200) -> np.ndarray:
    return bitmap(np.array(places, dtype=np.int64), persons)


def by_hand(new: set[int], earlier: list[set[int]], fewest: int) -> bool:
    vectors = [np.isin(np.arange(200), sorted(one)).astype(int) for one in (new, *earlier)]
    for one, other in product(range(len(earlier)), repeat=2):
        for a, b in product((-1, 0, 1), repeat=2):
            if one == other and a and b:
                continue
            persons = np.count_nonzero(vectors[0] + a * vectors[1 + one] + b * vectors[1 + other])
            if 0 < persons < fewest:
                return True
    return False


@pytest.mark.parametrize("seed", range(150))
def test_same_as_by_hand(seed: int) -> None:
    rng = np.random.default_rng(seed)
    pool = [set(rng.choice(200, size=rng.integers(20, 120), replace=False).tolist()) for _ in range(3)]
    pool += [pool[0] | pool[1], pool[0] - pool[1]]
    new = set(pool[seed % 5])
    for person in rng.integers(0, 200, size=seed % 14):
        new ^= {int(person)}
    earlier = [one for place, one in enumerate(pool) if rng.random() < 0.8 or place == 0]
    found = isolates(cohort(*sorted(new)), [cohort(*sorted(one)) for one in earlier], 10)
    assert found == by_hand(new, earlier, 10)


def test_both_verdicts_come_up() -> None:
    first = cohort(*range(100))
    assert not isolates(first, [first], 10)
    assert isolates(cohort(*range(101)), [first], 10)
    assert not isolates(cohort(*range(110)), [first], 10)
    assert isolates(cohort(*range(9)), [], 10)
    assert not isolates(cohort(), [], 10)


def test_a_union_known_in_parts_and_what_is_left_of_one() -> None:
    left, right = cohort(*range(50)), cohort(*range(50, 100))
    assert isolates(cohort(*range(103)), [left, right], 10)
    assert isolates(cohort(*range(52, 100)), [left, cohort(*range(100))], 10)
    assert not isolates(cohort(*range(120)), [left, right], 10)


def test_persons_may_have_been_added_since() -> None:
    assert isolates(cohort(*range(100), 150, persons=300), [cohort(*range(100), persons=100)], 10)
