"""The sets of columns that single persons out, against counting by hand."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import numpy as np
import pytest

from cohortium.anonymise.risk import singling_sets

NAMES = ("a", "b", "c", "d")


def columns(seed: int, rows: int = 120) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.integers(0, width, rows).astype(np.int32) for width in (3, 5, 9, 30)]


@pytest.mark.parametrize("seed", range(4))
def test_it_is_what_counting_finds(seed: int) -> None:
    data = columns(seed)
    rows = list(zip(*data, strict=True))
    unique = {}
    for size in range(1, 4):
        for chosen in combinations(range(4), size):
            shown = [tuple(row[place] for place in chosen) for row in rows]
            counts = Counter(shown)
            unique[chosen] = {at for at, one in enumerate(shown) if counts[one] == 1}
    found, _ = singling_sets(NAMES, data, None, 3)
    by_name = {one.columns: one for one in found}
    for chosen, who in unique.items():
        parts = [unique[part] for size in range(1, len(chosen)) for part in combinations(chosen, size)]
        minimal = who - set().union(*parts)
        names = tuple(NAMES[place] for place in chosen)
        if not who:
            assert names not in by_name
            continue
        assert by_name[names].unique == pytest.approx(len(who) / 120)
        assert by_name[names].minimal == pytest.approx(len(minimal) / 120)


def test_what_a_column_adds() -> None:
    data = columns(1)
    _, added = singling_sets(NAMES, data, None, 3)
    by_name = {one.column: one for one in added}
    assert by_name["d"].values == 30
    assert by_name["d"].without <= by_name["a"].without
    assert added[0].column == "d"


def test_a_key_singles_everybody_out_by_itself() -> None:
    key = np.arange(50, dtype=np.int32)
    found, added = singling_sets(("key", "sex"), [key, key % 2], None)
    assert found[0].columns == ("key",)
    assert found[0].minimal == 1.0
    assert [one.minimal for one in found if len(one.columns) == 2] == [0.0]
    assert added[0].alone == 1.0


def test_rows_of_one_person_count_once() -> None:
    persons = np.repeat(np.arange(40), 3)
    ward = np.repeat(np.arange(40) % 20, 3).astype(np.int32)
    found, _ = singling_sets(("ward",), [ward], persons)
    assert not found


def test_many_columns_are_searched_in_smaller_sets() -> None:
    rng = np.random.default_rng(0)
    many = [rng.integers(0, 4, 30).astype(np.int32) for _ in range(40)]
    found, _ = singling_sets([f"c{place}" for place in range(40)], many, None, 4)
    assert max(len(one.columns) for one in found) == 2
