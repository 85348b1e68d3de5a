from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from cohortium.errors import NotApplicable, TooFewRecords
from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.privacy import line_up as module
from cohortium.evaluate.privacy.line_up import gather, line_up, most_persons, most_synthetic, one_row_each, persons_of


def test_members_strangers_and_reference_are_different_persons_and_equally_many(
    pair: Callable[..., Comparison],
) -> None:
    drawn = line_up(pair(300, held=120), np.random.default_rng(0))
    assert len(drawn.members) == len(drawn.strangers) == 80
    assert len(drawn.reference) == 40
    assert not set(drawn.reference) & set(drawn.strangers.rows)


def test_a_person_with_many_rows_is_drawn_once_with_few_of_them(rng: np.random.Generator) -> None:
    persons = np.concatenate([np.zeros(500, np.int32), np.arange(1, 51, dtype=np.int32)])
    found = gather(persons, persons_of(persons), rng)
    assert len(found) == 51 and len(found.rows) == 50 + module.ROWS_EACH
    assert len(np.unique(found.rows)) == len(found.rows)
    assert (persons[found.first] == np.arange(51)).all()
    scores = np.where(persons[found.rows] == 0, np.arange(len(found.rows)), -1.0)
    assert found.strongest(scores)[0] == module.ROWS_EACH - 1


def test_one_row_each_gives_equally_many_persons(pair: Callable[..., Comparison]) -> None:
    inside, outside = one_row_each(pair(200, held=90), 1_000, np.random.default_rng(0))
    assert len(inside) == len(outside) == 90
    assert len(one_row_each(pair(200), 50, np.random.default_rng(0))[0]) == 50


def test_more_synthetic_rows_and_more_columns_leave_fewer_persons(
    pair: Callable[..., Comparison], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = pair(100)
    assert most_persons(one) == module.MOST_PERSONS and most_synthetic(one) == 100
    monkeypatch.setattr(module, "MOST_PAIRS", 1_000_000)
    assert most_persons(one) == 5_000
    monkeypatch.setattr(module, "MOST_CELLS", 40_000)
    assert most_persons(one) == 500


def test_too_few_persons_and_no_persons_held_out_are_said(pair: Callable[..., Comparison]) -> None:
    with pytest.raises(TooFewRecords, match="at least 20 persons"):
        line_up(pair(100, held=19), np.random.default_rng(0))
    alone = pair(100)
    with pytest.raises(NotApplicable, match="held out"):
        line_up(Comparison(alone.real, alone.synthetic), np.random.default_rng(0))


def test_a_table_without_columns_to_attack_is_said(pair: Callable[..., Comparison]) -> None:
    one = pair(50)
    nothing = [table.select([]) for table in (one.real, one.synthetic, one.holdout) if table is not None]
    with pytest.raises(NotApplicable, match="no column to attack"):
        line_up(Comparison(*nothing), np.random.default_rng(0))
