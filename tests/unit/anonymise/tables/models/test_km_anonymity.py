from __future__ import annotations

from collections import Counter
from itertools import combinations

import numpy as np
import pytest

from cohortium.anonymise.tables.models import Classes, KAnonymity, KmAnonymity
from cohortium.anonymise.tables.tuples import distinct
from cohortium.errors import InvalidRequest

Rows = list[tuple[int, ...]]


def classes_of(rows: Rows, persons: list[int] | None = None) -> Classes:
    columns = [np.array(column, dtype=np.int32) for column in zip(*rows, strict=True)]
    tuples = distinct(columns, persons=None if persons is None else np.array(persons))
    of_tuple = np.unique(tuples.codes, axis=0, return_inverse=True)[1].reshape(-1)
    plain = Classes.of(of_tuple, tuples)
    return Classes(plain.of_tuple, plain.rows, tuples, tuples.codes.T)


def what_may_be_known(row: tuple[int, ...], m: int) -> list[tuple[tuple[int, int], ...]]:
    """Every m of a row's columns with their values."""
    return list(combinations(enumerate(row), m))


def left(rows: Rows, k: int, m: int) -> Rows:
    """The largest part in which an attacker with m values always finds k rows, row by row."""
    while True:
        known = Counter(one for row in rows for one in what_may_be_known(row, m))
        kept = [row for row in rows if all(known[one] >= k for one in what_may_be_known(row, m))]
        if kept == rows:
            return rows
        rows = kept


@pytest.mark.parametrize("m", [1, 2, 3, 4])
@pytest.mark.parametrize("seed", range(6))
def test_what_is_left_is_what_an_attacker_cannot_narrow_down(seed: int, m: int) -> None:
    rng = np.random.default_rng(seed)
    rows = [tuple(int(one) for one in row) for row in np.minimum(rng.geometric(0.5, (60, 4)) - 1, 3)]
    classes = classes_of(rows)
    kept = ~KmAnonymity(4, m).fails(classes)[classes.of_tuple]
    tuples = classes.tuples
    found = Counter(dict(zip(map(tuple, tuples.codes[kept].tolist()), tuples.counts[kept].tolist(), strict=True)))
    assert found == Counter(left(rows, 4, m))


def test_it_is_weaker_than_k_anonymity_and_equal_with_all_columns() -> None:
    rows = [(first, second) for first in range(3) for second in range(3)]
    classes = classes_of(rows)
    assert not KmAnonymity(3, 1).fails(classes).any()
    assert KmAnonymity(3, 2).fails(classes).all()
    assert (KmAnonymity(3, 9).fails(classes) == KAnonymity(3).fails(classes)).all()


def test_rows_left_out_do_not_hide_others() -> None:
    """(1, 1) leaves with a value that one row shows; without it, another value falls below two."""
    classes = classes_of([(0, 0), (0, 0), (1, 1), (1, 2), (0, 2)])
    assert KmAnonymity(2, 1).fails(classes).tolist() == [False, True, True, True]


def test_a_persons_own_rows_do_not_hide_him() -> None:
    assert KmAnonymity(2, 1).fails(classes_of([(0,)] * 4, [7] * 4)).all()
    assert not KmAnonymity(2, 1).fails(classes_of([(0,)] * 4, [7, 7, 8, 8])).any()


def test_it_says_what_it_needs() -> None:
    plain = classes_of([(0, 0), (0, 0)])
    with pytest.raises(InvalidRequest, match="in each column"):
        KmAnonymity(2, 1).fails(Classes(plain.of_tuple, plain.rows, plain.tuples))
    with pytest.raises(InvalidRequest, match="k of 2 or more"):
        KmAnonymity(1, 1)
